// What is wrong with a page as it is seen: an object of lists, each entry a few words that lead to the place.
(() => {
  "use strict";
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const found = { overflow: [], cut: [], small: [], faint: [], anchors: [], unreachable: [] };
  const width = document.documentElement.clientWidth;
  const name = (element, text) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} “${text.trim().slice(0, 50)}”`;
  if (document.documentElement.scrollWidth > width) { found.overflow.push(`${document.documentElement.scrollWidth} px of ${width}`); }

  // Colours
  const parse = (text) => { const all = text.match(/[\d.]+/g); return all ? [...all.slice(0, 3).map(Number), all[3] === undefined ? 1 : Number(all[3])] : [0, 0, 0, 0]; };
  const over = (top, base) => [0, 1, 2].map((k) => top[k] * top[3] + base[k] * (1 - top[3])).concat(1);
  const light = (colour) => colour.slice(0, 3).map((one) => { const c = one / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; })
    .reduce((sum, one, k) => sum + one * [0.2126, 0.7152, 0.0722][k], 0);
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const opacity = (element) => { let made = 1; for (let one = element; one; one = one.parentElement) { made *= Number(getComputedStyle(one).opacity); } return made; };
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) { layers.push(parse(getComputedStyle(one).backgroundColor)); }
    return layers.reverse().reduce((base, layer) => over(layer, base), [255, 255, 255, 1]);
  };
  // Whether a shape is cut off before it comes to a place.
  const clipped = (shape, place) => {
    const name = getComputedStyle(shape).clipPath.match(/#([^")]+)/);
    const frame = name && document.getElementById(name[1])?.querySelector("rect, path");
    return frame ? !frame.isPointInFill(place) : false;
  };
  // Shapes of a drawing that lie under a place, drawn before the text.
  const under = (text, x, y) => {
    const svg = text.ownerSVGElement;
    let base = ground(svg);
    for (const shape of svg.querySelectorAll("path, rect, circle, use")) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING) || shape.closest("defs, clipPath")) { continue; }
      const style = getComputedStyle(shape), fill = parse(style.fill);
      if (style.fill === "none" || !shape.getScreenCTM()) { continue; }
      if (shape.tagName === "use") {  // a dot: as wide as it is high
        const box = shape.getBoundingClientRect(), far = Math.hypot(x - (box.left + box.right) / 2, y - (box.top + box.bottom) / 2);
        if (far <= box.width / 2) { base = over([...fill.slice(0, 3), fill[3] * Number(style.fillOpacity) * opacity(shape)], base); }
        continue;
      }
      const place = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (shape.isPointInFill(place) && !clipped(shape, place)) { base = over([...fill.slice(0, 3), fill[3] * Number(style.fillOpacity) * opacity(shape)], base); }
    }
    return base;
  };

  const scrolled = (element) => { for (let one = element; one && one !== document.body; one = one.parentElement) { if (/auto|scroll/.test(getComputedStyle(one).overflowX)) { return one; } } return null; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const met = new Set();
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement, text = node.textContent;
    if (!text.trim() || element.closest("script, style, .skip, [hidden]")) { continue; }
    const range = document.createRange(); range.selectNodeContents(node);
    const box = range.getBoundingClientRect(), style = getComputedStyle(element);
    if (!box.width || !box.height || style.visibility !== "visible") { continue; }
    const drawn = element.ownerSVGElement ? element : null;
    let size = parseFloat(style.fontSize);
    if (drawn) { const m = element.getScreenCTM(); size *= Math.sqrt(Math.abs(m.a * m.d - m.b * m.c)); }
    // On a desk there are larger letters for whoever wants them.
    if (size < (width < 500 ? 10.99 : 10.5)) { found.small.push(`${size.toFixed(1)} px: ${name(element, text)}`); }
    if (!scrolled(element) && (box.left < -0.5 || box.right > width + 0.5)) { found.cut.push(`${Math.round(box.left)} to ${Math.round(box.right)}: ${name(element, text)}`); }
    const colour = parse(drawn ? style.fill : style.color);
    const base = drawn ? under(element, box.left + box.width / 2, box.top + box.height / 2) : ground(element);
    const seen = over([...colour.slice(0, 3), colour[3] * (drawn ? Number(style.fillOpacity) : 1) * opacity(element)], base);
    const ratio = contrast(seen, base), key = `${seen} ${base}`;
    if (ratio < 4.5 && !met.has(key)) { met.add(key); found.faint.push(`${ratio.toFixed(2)}: ${name(element, text)}`); }
  }

  document.querySelectorAll('a[href^="#"]').forEach((link) => {
    if (!document.getElementById(link.getAttribute("href").slice(1))) { found.anchors.push(link.getAttribute("href")); }
  });
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  ids.filter((one, at) => ids.indexOf(one) !== at).forEach((one) => found.anchors.push(`twice: #${one}`));
  found.files = [...document.querySelectorAll("a[href]")].map((one) => one.getAttribute("href")).filter((one) => !one.startsWith("#"));

  const focusable = "a[href], summary, [tabindex]";
  document.querySelectorAll("body *").forEach((element) => {
    const style = getComputedStyle(element);
    if (/auto|scroll/.test(style.overflowX + style.overflowY) && element.tabIndex < 0 && !element.querySelector(focusable)) { found.unreachable.push(name(element, element.textContent)); }
  });
  return found;
})()

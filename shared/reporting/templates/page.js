"use strict";
// What is folded is open in print, and where a link leads into it. Charts tell their values to whoever points at them.
(() => {
  const folded = () => document.querySelectorAll("details");
  let closed = [];
  addEventListener("beforeprint", () => { closed = [...folded()].filter((one) => !one.open); closed.forEach((one) => { one.open = true; }); });
  addEventListener("afterprint", () => { closed.forEach((one) => { one.open = false; }); });
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const inside = target && (target.closest("details") || target.querySelector("details"));
    if (inside) { inside.open = true; }
  };
  addEventListener("hashchange", unfold);
  unfold();

  const number = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 4 });
  const clock = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
  const nearest = (values, x) => values.reduce((best, value, at) => Math.abs(value - x) < Math.abs(values[best] - x) ? at : best, 0);
  document.querySelectorAll("figure[data-chart]").forEach((figure) => {
    const chart = JSON.parse(figure.dataset.chart);
    figure.querySelectorAll(".chart > div").forEach((box, drawing) => {
      const frame = chart.frames[drawing], svg = box.querySelector("svg");
      if (!frame || !svg) { return; }
      const [left, right, top, bottom, x0, x1] = frame;
      const tip = document.createElement("div"), rule = document.createElement("div");
      tip.className = "tip"; rule.className = "rule"; tip.hidden = rule.hidden = true;
      box.style.position = "relative"; box.append(rule, tip);
      const hide = () => { tip.hidden = rule.hidden = true; };
      svg.addEventListener("pointerleave", hide);
      svg.addEventListener("pointermove", (event) => {
        const place = svg.getBoundingClientRect(), scale = place.width / svg.viewBox.baseVal.width;
        const at = (event.clientX - place.left) / scale;
        if (at < left || at > right) { hide(); return; }
        const x = x0 + (at - left) / (right - left) * (x1 - x0);
        const met = chart.lines.map((line) => { const k = nearest(line.x, x); return { name: line.name, x: line.x[k], y: line.y[k] }; });
        const here = met.reduce((best, one) => Math.abs(one.x - x) < Math.abs(best.x - x) ? one : best);
        const shown = met.filter((one) => Math.abs(one.x - here.x) <= 1e-9 * Math.abs(x1 - x0));
        const px = (left + (here.x - x0) / (x1 - x0) * (right - left)) * scale;
        tip.replaceChildren();
        [chart.time ? clock.format(new Date(here.x * 1000)) : number.format(here.x), ...shown.map((one) => `${one.name}: ${number.format(one.y)}`)]
          .forEach((text, row) => { if (row) { tip.append(document.createElement("br")); } tip.append(text); });
        tip.hidden = rule.hidden = false;
        rule.style.left = `${px}px`; rule.style.top = `${top * scale}px`; rule.style.height = `${(bottom - top) * scale}px`;
        tip.style.top = `${top * scale}px`;
        tip.style.left = `${Math.max(0, Math.min(px + 8, place.width - tip.offsetWidth))}px`;
      });
    });
  });
})();

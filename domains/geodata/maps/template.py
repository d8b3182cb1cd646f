"""The page of an interactive map: one file, its script known by hash, nothing fetched from anywhere."""

from __future__ import annotations

__all__ = ["PAGE", "SCRIPT", "STYLE"]

STYLE = """
:root { color-scheme: light dark; __LIGHT__ }
@media (prefers-color-scheme: dark) { :root { __DARK__ } }
* { box-sizing: border-box; }
html, body { margin: 0; height: 100%; font: 15px/1.45 system-ui, sans-serif; }
html, body { color: var(--ink); background: var(--paper); }
body { display: flex; flex-direction: column; }
header { padding: .6rem 1rem; }
h1 { font-size: 1.15rem; margin: 0; }
header p { margin: .15rem 0 0; color: var(--soft); }
#stage { position: relative; flex: 1 1 auto; min-height: 60vh; overflow: hidden; border-top: 1px solid var(--grid);
  border-bottom: 1px solid var(--grid); }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: grab; }
canvas:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
#buttons { position: absolute; right: .6rem; top: .6rem; display: grid; gap: .3rem; }
button { font: inherit; min-width: 2.6rem; min-height: 2.6rem; border: 1px solid var(--grid); border-radius: .4rem;
  background: var(--paper); color: var(--ink); cursor: pointer; }
#layers { margin: 0 1rem .4rem; padding: 0; border: 0; display: flex; flex-wrap: wrap; gap: 0 1.1rem; max-height: 24vh;
  overflow: auto; flex: none; }
#layers legend { position: absolute; left: -99rem; }
#layers label { display: flex; gap: .4rem; align-items: center; min-height: 1.9rem; }
#layers input { width: 1.1rem; height: 1.1rem; margin: 0; }
#layers i { width: .85rem; height: .85rem; border-radius: 50%; flex: none; }
#layers i.lines { width: 1.3rem; height: 0; border-radius: 0; }
#layers i.areas { border-radius: .15rem; opacity: .5; }
#tip { position: absolute; pointer-events: none; white-space: pre-line; padding: .35rem .6rem; border-radius: .4rem;
  background: var(--ink); color: var(--paper); max-width: 17rem; display: none; }
#scale { position: absolute; left: .8rem; bottom: .6rem; border-bottom: 3px solid var(--ink); text-align: center;
  font-size: .8rem; background: var(--paper); }
#credit { position: absolute; right: .4rem; bottom: .3rem; font-size: .75rem; padding: 0 .3rem;
  background: var(--paper); color: var(--ink); }
details { padding: .5rem 1rem; max-height: 40vh; overflow: auto; }
table { border-collapse: collapse; margin: .4rem 0 1rem; }
td { padding: .15rem .8rem .15rem 0; vertical-align: top; white-space: pre-line; }
@media print { #buttons, #layers input { display: none; } }
"""

SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const canvas = document.getElementById("map"), pen = canvas.getContext("2d"), tip = document.getElementById("tip");
const stage = document.getElementById("stage"), scaleBar = document.getElementById("scale");
const shown = data.layers.map(() => true);
let width = 0, height = 0, zoom = 1, left = 0, top_ = 0;
function unpack(flat) {
  const lines = []; let x = 0, y = 0;
  for (const part of flat) {
    const line = new Float32Array(part.length);
    for (let i = 0; i < part.length; i += 2) { x += part[i]; y += part[i + 1]; line[i] = x; line[i + 1] = y; }
    lines.push(line);
  }
  return lines;
}
const streets = data.streets.map(unpack);
for (const layer of data.layers) layer.lines = unpack(layer.parts);
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const toX = x => (x - left) * zoom, toY = y => height - (y - top_) * zoom;
function fit() {
  const [a, b, c, d] = data.frame;
  zoom = Math.min(width / (c - a), height / (d - b));
  left = (a + c) / 2 - width / zoom / 2; top_ = (b + d) / 2 - height / zoom / 2;
}
function trace(line) {
  pen.moveTo(toX(line[0]), toY(line[1]));
  for (let i = 2; i < line.length; i += 2) pen.lineTo(toX(line[i]), toY(line[i + 1]));
}
function draw() {
  const ratio = window.devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineJoin = pen.lineCap = "round";
  streets.forEach((lines, kind) => {
    pen.beginPath(); lines.forEach(trace);
    pen.strokeStyle = colour("grid"); pen.lineWidth = (kind ? 1 : 2.5) * Math.min(Math.max(zoom * 8, .6), 3);
    pen.stroke();
  });
  data.layers.forEach((layer, at) => {
    if (!shown[at]) return;
    const paint = colour(layer.colour);
    if (layer.kind === "points") {
      layer.lines.forEach((p, i) => {
        const mark = layer.marks[layer.owner[i]] || "", inside = mark && mark.length <= 2, x = toX(p[0]), y = toY(p[1]);
        pen.beginPath(); pen.arc(x, y, Math.max(layer.radius[layer.owner[i]], inside ? 10 : 0), 0, 7);
        pen.fillStyle = paint; pen.fill(); pen.strokeStyle = colour("paper"); pen.lineWidth = 1.5; pen.stroke();
        if (!mark) return;
        pen.font = (inside ? "bold " : "") + "13px system-ui, sans-serif"; pen.textBaseline = "middle";
        pen.textAlign = inside ? "center" : "left"; pen.lineWidth = 4;
        if (!inside) pen.strokeText(mark, x + 9, y);
        pen.fillStyle = colour(inside ? "paper" : "ink"); pen.fillText(mark, x + (inside ? 0 : 9), y + 1);
      });
      return;
    }
    pen.beginPath(); layer.lines.forEach(trace);
    if (layer.kind === "areas") {
      pen.globalAlpha = .22; pen.fillStyle = paint; pen.fill("nonzero"); pen.globalAlpha = 1;
    }
    pen.strokeStyle = paint; pen.lineWidth = layer.kind === "areas" ? 1.2 : 3;
    pen.setLineDash({dashed: [10, 6], dotted: [2, 6]}[layer.dash] || []); pen.stroke(); pen.setLineDash([]);
  });
  const steps = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];
  const metres = 1 / data.unit, step = steps.filter(s => s * metres * zoom <= 120).pop() || 10;
  scaleBar.style.width = step * metres * zoom + "px";
  scaleBar.textContent = step < 1000 ? step + " m" : step / 1000 + " km";
}
function resize() {
  const ratio = window.devicePixelRatio || 1, first = !width;
  const cx = left + width / zoom / 2, cy = top_ + height / zoom / 2;
  width = stage.clientWidth; height = stage.clientHeight;
  canvas.width = width * ratio; canvas.height = height * ratio;
  if (first) fit(); else { left = cx - width / zoom / 2; top_ = cy - height / zoom / 2; }
  draw();
}
function zoomAt(x, y, factor) {
  const bounded = Math.min(Math.max(zoom * factor, 1e-4), 50), px = left + x / zoom, py = top_ + (height - y) / zoom;
  zoom = bounded; left = px - x / zoom; top_ = py - (height - y) / zoom; draw();
}
function near(x, y) {
  for (let at = data.layers.length - 1; at >= 0; at--) {
    const layer = data.layers[at];
    if (!shown[at]) continue;
    if (layer.kind === "points") {
      let best = 12, who = -1;
      layer.lines.forEach((p, i) => {
        const far = Math.hypot(toX(p[0]) - x, toY(p[1]) - y) - layer.radius[layer.owner[i]] + 5;
        if (far < best) { best = far; who = layer.owner[i]; }
      });
      if (who >= 0) return [layer, who];
    } else if (layer.kind === "lines") {
      for (let i = 0; i < layer.lines.length; i++) {
        const line = layer.lines[i];
        for (let j = 2; j < line.length; j += 2) {
          const ax = toX(line[j - 2]), ay = toY(line[j - 1]), bx = toX(line[j]) - ax, by = toY(line[j + 1]) - ay;
          const t = Math.min(Math.max(((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by || 1), 0), 1);
          if (Math.hypot(ax + t * bx - x, ay + t * by - y) < 7) return [layer, layer.owner[i]];
        }
      }
    } else {
      const px = left + x / zoom, py = top_ + (height - y) / zoom, inside = new Map();
      layer.lines.forEach((line, i) => {
        let odd = false;
        for (let j = 0, k = line.length - 2; j < line.length; k = j, j += 2)
          if ((line[j + 1] > py) !== (line[k + 1] > py) &&
              px < line[j] + (py - line[j + 1]) / (line[k + 1] - line[j + 1]) * (line[k] - line[j])) odd = !odd;
        if (odd) inside.set(layer.owner[i], !inside.get(layer.owner[i]));
      });
      for (const [who, yes] of inside) if (yes) return [layer, who];
    }
  }
  return null;
}
function show(x, y) {
  const found = near(x, y), text = found ? found[0].texts[found[1]] || found[0].name : "";
  tip.style.display = text ? "block" : "none"; tip.textContent = text;
  tip.style.left = Math.max(Math.min(x + 14, width - tip.offsetWidth - 8), 4) + "px";
  tip.style.top = Math.max(Math.min(y + 14, height - tip.offsetHeight - 8), 4) + "px";
}
const fingers = new Map(); let apart = 0;
canvas.addEventListener("pointerdown", e => {
  canvas.setPointerCapture(e.pointerId); fingers.set(e.pointerId, [e.offsetX, e.offsetY]); apart = 0;
});
canvas.addEventListener("pointermove", e => {
  const before = fingers.get(e.pointerId);
  if (!before) { show(e.offsetX, e.offsetY); return; }
  fingers.set(e.pointerId, [e.offsetX, e.offsetY]);
  if (fingers.size === 1) { left -= (e.offsetX - before[0]) / zoom; top_ += (e.offsetY - before[1]) / zoom; draw(); }
  else {
    const [a, b] = [...fingers.values()], far = Math.hypot(a[0] - b[0], a[1] - b[1]);
    if (apart) zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, far / apart);
    apart = far;
  }
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, e => {
  if (end === "pointerup") show(e.offsetX, e.offsetY);
  fingers.delete(e.pointerId); apart = 0;
});
canvas.addEventListener("pointerleave", () => { tip.style.display = "none"; });
canvas.addEventListener("wheel", e => {
  e.preventDefault(); zoomAt(e.offsetX, e.offsetY, Math.exp(-e.deltaY * (e.deltaMode ? .05 : .0015)));
}, {passive: false});
canvas.addEventListener("keydown", e => {
  const step = 60 / zoom;
  const moves = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step]};
  if (moves[e.key]) { left += moves[e.key][0]; top_ += moves[e.key][1]; draw(); }
  else if (e.key === "+" || e.key === "=") zoomAt(width / 2, height / 2, 1.4);
  else if (e.key === "-") zoomAt(width / 2, height / 2, 1 / 1.4);
  else if (e.key === "0") { fit(); draw(); }
  else return;
  e.preventDefault();
});
document.getElementById("in").onclick = () => zoomAt(width / 2, height / 2, 1.4);
document.getElementById("out").onclick = () => zoomAt(width / 2, height / 2, 1 / 1.4);
document.getElementById("all").onclick = () => { fit(); draw(); };
document.querySelectorAll("#layers input").forEach((box, at) => {
  box.onchange = () => { shown[at] = box.checked; draw(); };
});
document.querySelectorAll("#layers i").forEach((dot, at) => {
  const layer = data.layers[at];
  if (layer.kind === "lines") dot.style.borderTop = "3px " + layer.dash + " var(--" + layer.colour + ")";
  else dot.style.background = "var(--" + layer.colour + ")";
  dot.className = layer.kind;
});
window.addEventListener("resize", resize);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
resize();
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-__STYLE_HASH__' 'unsafe-inline'; script-src 'sha256-__SCRIPT_HASH__'; base-uri 'none'; form-action 'none'">
<title>__TITLE__</title>
<style>__STYLE__</style>
</head>
<body>
<header><h1>__TITLE__</h1>__CAPTION__</header>
<fieldset id="layers"><legend>Shown</legend>__LEGEND__</fieldset>
<div id="stage">
<canvas id="map" tabindex="0" role="img" aria-label="__TITLE__. Arrow keys move the map, plus and minus zoom, 0 shows all; the list below says what is on it."></canvas>
<div id="buttons"><button id="in" aria-label="Zoom in">+</button><button id="out" aria-label="Zoom out">&minus;</button><button id="all" aria-label="Show all">All</button></div>
<div id="scale"></div><div id="credit">__CREDIT__</div><div id="tip" role="status"></div>
</div>
<details><summary>What is on the map, as a list</summary>__LIST__</details>
<noscript><p>The map itself needs scripts, all of which are in this file; the list above does not.</p></noscript>
<script type="application/json" id="data">__DATA__</script>
<script>__SCRIPT__</script>
</body>
</html>
"""

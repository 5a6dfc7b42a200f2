const plane = one("plane"), ring = one("ring"), told = one("told");
for (const [event, on] of [["play", true], ["pause", false], ["ended", false]]) {
  sound.addEventListener(event, () => ring.classList.toggle("playing", on));
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.sound");
  if (button) choose(button.dataset.play);
});
const playAt = (i) => { choose(i); play(data.sounds[i], ring); };
const whole = plane.getAttribute("viewBox").split(" ").map(Number);
if (matchMedia("(max-width: 640px)").matches) {
  const taller = whole[2] / whole[3];
  for (const part of all("#points circle")) part.setAttribute("cy", Number(part.getAttribute("cy")) * taller);
  for (const part of all("#names text")) part.setAttribute("y", Number(part.getAttribute("y")) * taller);
  whole[3] = whole[2];
  plane.setAttribute("viewBox", whole.join(" "));
}
for (const name of all("#names text")) {
  const box = name.getBBox();
  const over = Math.max(0, box.x + box.width + 6 - whole[2]) - Math.max(0, 6 - box.x);
  name.setAttribute("x", Number(name.getAttribute("x")) - over);
}
const dots = all("#points circle").map((dot) => ({
  dot, i: dot.dataset.i, w: dot.dataset.w, x: Number(dot.getAttribute("cx")), y: Number(dot.getAttribute("cy")),
}));
const places = new Map(dots.map((d) => [d.i, d]));
const kept = new Set();
let view = [...whole];
let chosen = null;

const shown = () => (kept.size ? dots.filter((d) => kept.has(d.w)) : dots);
function text(element, ...parts) {
  element.replaceChildren(...parts.map(([tag, words]) => {
    const made = document.createElement(tag === "soft" ? "span" : tag);
    if (tag === "soft") made.className = "soft";
    made.textContent = words;
    return made;
  }));
}
function choose(i) {
  chosen = i;
  const at = places.get(i), point = data.points[i];
  ring.setAttribute("cx", at ? at.x : -50);
  ring.setAttribute("cy", at ? at.y : -50);
  const named = point.word < 0 ? "none of these" : data.labels[point.word];
  const scores = point.likeliest.map(([label, score]) => `${label} ${score.toFixed(2)}`).join(" · ");
  const heard = data.sounds[i] ? "" : " — too much to hold its sound here";
  text(told, ["b", named], ["soft", ` ${point.name}${heard}`], ["br", ""], ["soft", scores]);
}
function drawView() {
  plane.setAttribute("viewBox", view.join(" "));
  const scale = view[2] / whole[2];
  plane.classList.toggle("moved", scale < 0.999);
  for (const d of dots) d.dot.setAttribute("r", (d.dot.classList.contains("near") ? 7 : 4) * Math.sqrt(scale));
  ring.setAttribute("r", 11 * Math.sqrt(scale));
  for (const name of all("#names text")) name.style.fontSize = scale < 0.999 ? `${17 * scale}px` : "";
}
function zoom(factor, at = [view[0] + view[2] / 2, view[1] + view[3] / 2]) {
  const width = Math.min(whole[2], Math.max(whole[2] / 30, view[2] * factor));
  const ratio = width / view[2];
  view = [at[0] - (at[0] - view[0]) * ratio, at[1] - (at[1] - view[1]) * ratio, width, view[3] * ratio];
  hold();
}
function hold() {
  for (const k of [0, 1]) view[k] = Math.min(whole[2 + k] - view[2 + k], Math.max(0, view[k]));
  drawView();
}
function spot(event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plane.getScreenCTM().inverse());
  return [at.x, at.y];
}
function nearest([x, y]) {
  let best = null, least = (24 * view[2] / whole[2]) ** 2;
  for (const d of shown()) {
    const far = (d.x - x) ** 2 + (d.y - y) ** 2;
    if (far < least) { best = d; least = far; }
  }
  return best;
}
let grip = null;
plane.addEventListener("pointerdown", (event) => { grip = { at: [event.clientX, event.clientY], view: [...view], moved: false }; });
plane.addEventListener("pointermove", (event) => {
  if (grip && event.buttons && plane.classList.contains("moved")) {
    const pixel = view[2] / plane.clientWidth;
    const step = [event.clientX - grip.at[0], event.clientY - grip.at[1]];
    if (Math.hypot(...step) > 4) grip.moved = true;
    view = [grip.view[0] - step[0] * pixel, grip.view[1] - step[1] * pixel, view[2], view[3]];
    hold();
    return;
  }
  const found = nearest(spot(event));
  plane.classList.toggle("over", Boolean(found));
  if (found && playing === null) choose(found.i);
});
plane.addEventListener("click", (event) => {
  if (grip && grip.moved) return;
  const found = nearest(spot(event));
  if (found) playAt(found.i);
});
plane.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !plane.classList.contains("moved")) return;
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, spot(event));
}, { passive: false });
for (const press of all("[data-zoom]")) {
  press.addEventListener("click", () => {
    if (press.dataset.zoom === "all") { view = [...whole]; drawView(); } else zoom(press.dataset.zoom === "in" ? 1 / 1.6 : 1.6);
  });
}
const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
plane.addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") {
    if (chosen !== null) playAt(chosen);
  } else if (event.key === "+" || event.key === "-") {
    zoom(event.key === "+" ? 1 / 1.6 : 1.6);
  } else if (event.key in ways) {
    const from = places.get(chosen);
    const [dx, dy] = ways[event.key];
    let best = from ? null : shown()[0], least = Infinity;
    for (const d of from ? shown() : []) {
      const along = (d.x - from.x) * dx + (d.y - from.y) * dy;
      const aside = Math.abs((d.x - from.x) * dy) + Math.abs((d.y - from.y) * dx);
      if (d !== from && along > 0 && along >= aside && along + aside < least) { best = d; least = along + aside; }
    }
    if (best) { stop(); choose(best.i); }
  } else return;
  event.preventDefault();
});
for (const chip of all(".chip")) {
  chip.addEventListener("click", () => {
    const word = chip.dataset.word;
    if (!kept.delete(word)) kept.add(word);
    chip.setAttribute("aria-pressed", String(kept.has(word)));
    plane.classList.toggle("filtered", kept.size > 0);
    for (const part of all("#plane [data-w]")) part.classList.toggle("kept", kept.has(part.dataset.w));
  });
}

const quoted = (words) => (/^[\w./,:@%+=-]+$/.test(words) ? words : `'${words.replaceAll("'", "'\\''")}'`);
const place = (i) => ({ path: data.points[i].path, start_s: data.points[i].start });
function corrections() {
  const out = all("[data-remove]:checked").map((box) => [box.dataset.remove, Number(box.dataset.label)]);
  const into = all("[data-add]").filter((box) => box.value !== "").map((box) => [box.dataset.add, Number(box.value)]);
  // What is one word does not stand for another.
  for (const [i, word] of into) {
    for (const other of data.points[i].stands) {
      if (other !== word && !out.some(([j, label]) => j === i && label === other)) out.push([i, other]);
    }
  }
  const told = (rows) => rows.map(([i, word]) => ({ label: data.labels[word], ...place(i) }));
  return { remove: told(out), add: told(into) };
}
function correct() {
  const asked = corrections();
  const count = asked.remove.length + asked.add.length;
  one("corrections").hidden = !count;
  document.body.classList.toggle("correcting", count > 0);
  if (!count) return;
  const words = ["remove", "add"].flatMap((kind) =>
    asked[kind].map((c) => `--${kind} ${quoted(`${c.label}=${c.path}@${c.start_s}`)}`));
  one("counted").textContent = count === 1 ? "1 correction." : `${count} corrections.`;
  one("command").textContent = [data.command, ...words].join(" \\\n  ");
  one("save").href = `data:application/json;charset=utf-8,${encodeURIComponent(`${JSON.stringify(asked, null, 2)}\n`)}`;
}
for (const box of all("[data-remove], [data-add]")) box.addEventListener("change", correct);
one("clear").addEventListener("click", () => {
  for (const box of all("[data-remove]")) box.checked = false;
  for (const box of all("[data-add]")) box.value = "";
  correct();
});
one("copy").addEventListener("click", async () => {
  const words = one("command").textContent;
  try {
    await navigator.clipboard.writeText(words);
    one("copy").textContent = "Copied";
    setTimeout(() => { one("copy").textContent = "Copy the command"; }, 1500);
  } catch {
    getSelection().selectAllChildren(one("command"));
  }
});
correct();

"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (id) => document.getElementById(id);
const data = one("data") ? JSON.parse(one("data").textContent) : {};

// What works by this script alone is hidden without it.
for (const part of all(".controls, .zoom")) part.hidden = false;

function show(key) {
  for (const part of all("[data-part]")) part.hidden = key !== "all" && part.dataset.part !== key;
}
for (const radio of all('input[name="show"]')) {
  radio.addEventListener("change", () => show(radio.value));
  if (radio.checked) show(radio.value);
}
if (one("cut")) {
  const cut = () => document.body.classList.toggle("cut", one("cut").checked);
  one("cut").addEventListener("change", cut);
  cut();
}
for (const button of all("[data-open]")) {
  button.addEventListener("click", () => {
    for (const part of all("details.class")) part.open = button.dataset.open === "yes";
  });
}

// The player: one sound at a time; what is pressed is marked and has a line that moves.
const sound = new Audio();
let playing = null;
function stop() {
  sound.pause();
  if (!playing) return;
  playing.mark.classList.remove("playing");
  playing.mark.removeAttribute("aria-pressed");
  playing = null;
}
function play(address, mark) {
  const again = playing && playing.address === address && playing.mark === mark;
  stop();
  if (again || !address) return;
  const own = playing = { address, mark };
  mark.classList.add("playing");
  if (mark.matches("button")) mark.setAttribute("aria-pressed", "true");
  sound.src = address;
  sound.play().catch(() => { if (playing === own) stop(); });
  const move = () => {
    if (playing !== own) return;
    mark.style.setProperty("--at", sound.duration ? sound.currentTime / sound.duration : 0);
    if (sound.ended) stop(); else requestAnimationFrame(move);
  };
  move();
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.sound");
  if (button) play(button.dataset.sound ?? data.sounds[button.dataset.play], button);
});

// Tables: a press on a heading sorts by it, downwards, upwards, and as given.
for (const table of all("table.sortable")) {
  const body = table.tBodies[0];
  const given = [...body.rows];
  const heads = all("thead th", table);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { undefined: "descending", descending: "ascending", ascending: "none" };
      const order = next[head.getAttribute("aria-sort") ?? undefined] ?? "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      if (order !== "none") head.setAttribute("aria-sort", order);
      body.append(...(order === "none" ? given : sorted(given, column, order === "ascending" ? 1 : -1)));
    });
  });
}
function sorted(rows, column, sign) {
  const key = (row) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent.trim();
  };
  const missing = (value) => value === "–";
  return [...rows].sort((a, b) => {
    const last = a.classList.contains("reference") - b.classList.contains("reference");
    if (last) return last;
    const x = key(a), y = key(b);
    if (missing(x) || missing(y)) return missing(x) - missing(y);
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * -String(x).localeCompare(String(y));
  });
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = all("details:not([open])");
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });

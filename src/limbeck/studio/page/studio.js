"use strict";
// All text comes to the page as text: nothing that a file or a word is called is ever read as mark-up.
const one = (id) => document.getElementById(id);
const HUES = 12;
const PAGE = 60;
let known = { words: [], version: -1, windows: 0 };
let axis = [];
let view = "found";
let focus = 0;
let items = [];
let cursor = 0;
let query = { words: "", like: [], unlike: [], examples: [] };
let drawing = null;
let request = 0;

function make(tag, className = "", text = null, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== null) made.textContent = text;
  made.append(...inside);
  return made;
}
const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const hue = (word) => {
  const place = known.words.findIndex((w) => w.word === word);
  return place < 0 ? "none" : `hue${place % HUES}`;
};
const focused = () => known.words[focus]?.word;

// Asking the server. What goes wrong is said in its own words.
function say(text, wrong = false) {
  one("status").textContent = text;
  one("status").classList.toggle("wrong", wrong);
}
async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(path, body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    throw new Error("The studio does not answer. Was it ended? What you said before is kept.");
  }
  if (answer.status === 204) return null;
  if (answer.ok) return answer.json();
  const text = await answer.text();
  let sentence = text;
  try { sentence = JSON.parse(text).error ?? text; } catch { /* it is a sentence already */ }
  throw new Error(sentence || `The studio answered ${answer.status}.`);
}
let line = Promise.resolve();
/** Do one thing after another, in the order they were asked for. */
function then(work) {
  line = line.then(work).catch((error) => say(error.message, true));
  return line;
}

// Words.
function take(overview) {
  known = overview;
  focus = Math.max(0, Math.min(focus, known.words.length - 1));
  const rows = known.words.map((word, place) => {
    const button = make("button", `hue${place % HUES}`);
    button.type = "button";
    button.append(
      make("span", "number", place < 9 ? String(place + 1) : ""),
      make("span", "name", word.word),
      make("span", "named", word.named.toLocaleString("en")),
    );
    const said = [word.description, word.yes + word.no ? `${word.yes} yes, ${word.no} no` : "", word.threshold === null ? "" : `from ${word.threshold.toFixed(2)}`];
    if (said.some(Boolean)) button.append(make("span", "said", said.filter(Boolean).join(" · ")));
    if (word.stuck) button.append(make("span", "stuck", "nothing left: accept a window, or describe it otherwise"));
    button.setAttribute("aria-current", String(place === focus));
    button.addEventListener("click", () => { look(place); show("word"); });
    return make("li", "", null, button);
  });
  one("words").replaceChildren(...rows);
  const totals = [
    ["windows", known.windows], ["judged", known.judged], ["uncertain", known.uncertain], ["none of these", known.none],
    ...known.pairs.map(([a, b, n]) => [`${a} or ${b}?`, n]),
  ];
  one("totals").replaceChildren(...totals.map(([name, n]) =>
    make("div", "", null, make("dt", "", name), make("dd", "", n.toLocaleString("en")))));
  one("probe").hidden = !known.probe;
  one("probe").textContent = known.probe ?? "";
  one("undo").disabled = !known.undo;
  asked();
}
function look(place) {
  if (!known.words.length) return;
  focus = (place + known.words.length) % known.words.length;
  [...one("words").querySelectorAll("button")].forEach((b, i) => b.setAttribute("aria-current", String(i === focus)));
  one("words").children[focus]?.scrollIntoView({ block: "nearest" });
  asked();
}
/** The word that yes and no are about. */
const subject = () => (view === "check" || (view === "map" && items.length) ? items[cursor]?.likeliest[0]?.[0] : focused());
function asked() {
  const word = subject();
  const parts = word === undefined ? [] : ["y", `is ${word}`, "n", "is not", "1–9", "is another", "u", "undo"];
  one("asked").replaceChildren(...(parts.length ? parts.map((text, i) => make("span", i % 2 ? "" : "hint", i % 2 ? ` ${text}   ` : text))
    : [make("span", "", "Add a word ("), make("span", "hint", "a"), make("span", "", ") or find a sound ("), make("span", "hint", "/"), make("span", "", ").")]));
}

// What a step changed.
function told(overview) {
  const c = overview.changes;
  take(overview);
  if (!c) return;
  const moves = c.moves.map(([from, to, n]) => `${from} → ${to} ${n}`).join(", ");
  const renamed = c.renamed ? `${count(c.renamed, "window")} named otherwise (${moves}).` : "No name changed.";
  const sure = c.uncertain === c.uncertain_before ? `${count(c.uncertain, "uncertain window")}, as before.`
    : `Uncertain windows: ${c.uncertain_before} → ${c.uncertain}.`;
  say(`Kept and learned. ${renamed} ${sure}`);
}
async function freshen() {
  if (!items.length) return;
  const found = new Map((await ask("windows", { rows: items.map((i) => i.row) })).map((i) => [i.row, i]));
  items = items.map((item) => ({ ...item, ...found.get(item.row) }));
  [...one("cards").children].forEach((card, place) => fill(card, items[place]));
}
function step(content, done = async () => {}) {
  return then(async () => {
    told(await ask("step", content));
    await done();
    await freshen();
    if (view === "map") await map();
    if (view === "limit") await curve();
  });
}
function judge(word, yes) {
  if (!items.length || (word === undefined && yes !== null)) return say("There is no window chosen, or no word yet.", true);
  const rows = one("all").checked ? items.map((item) => item.row) : [items[cursor].row];
  const at = cursor;
  return then(async () => {
    told(await ask("judge", { word: word ?? "", yes, rows }));
    await freshen();
    one("all").checked = false;
    if (yes !== null && at === cursor) {
      if (cursor + 1 < items.length) point(cursor + 1);
      else if (view === "check") await load();
    }
  });
}

// The list.
function card(item, place) {
  const figure = make("figure", "card");
  figure.setAttribute("role", "option");
  const button = make("button", "sound");
  button.type = "button";
  button.setAttribute("aria-label", `Play ${item.name}`);
  button.tabIndex = -1;
  const image = make("img");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  image.src = `picture/${item.row}`;
  image.addEventListener("error", () => image.classList.add("lost"));
  button.append(image, ...axis.map(([hertz, height]) => {
    const tick = make("span", "hertz", hertz < 1000 ? String(hertz) : `${hertz / 1000}k`);
    tick.style.bottom = `${100 * height}%`;
    return tick;
  }));
  button.addEventListener("click", () => { point(place, false); play(); });
  const name = make("p", "name", item.name);
  name.title = item.path;
  figure.append(button, name, make("p", "reason"), make("ol", "chances"), make("p", "verdict"));
  figure.addEventListener("click", (event) => { if (!event.target.closest("button")) point(place, false); });
  fill(figure, item);
  return figure;
}
function fill(figure, item) {
  const [, , reason, chances, verdict] = figure.children;
  reason.textContent = [item.reason, item.similarity === undefined ? "" : `similarity ${item.similarity.toFixed(2)}`].filter(Boolean).join(" · ");
  chances.replaceChildren(...item.likeliest.map(([word, share]) => {
    const row = make("li", "", null, make("span", "", word), make("span", "", share.toFixed(2)), make("i"));
    row.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
    return row;
  }));
  verdict.replaceChildren();
  if (item.is !== null) verdict.append(make("span", `is ${hue(item.is)}`, item.is));
  else if (item.not.length) verdict.append(make("span", "isnt", item.not.join(", ")));
  figure.classList.toggle("said", item.is !== null || item.not.length > 0);
}
function list(found, add = false) {
  const from = add ? items.length : 0;
  items = add ? [...items, ...found] : found;
  const cards = found.map((item, i) => card(item, from + i));
  if (add) one("cards").append(...cards);
  else { stop(); one("cards").replaceChildren(...cards); point(0, false); }
  one("more").hidden = found.length < PAGE || !["found", "word"].includes(view);
  one("every").hidden = items.length < 2 || !["found", "word", "map"].includes(view);
}
function point(place, scroll = true) {
  one("cards").children[cursor]?.removeAttribute("aria-selected");
  cursor = Math.max(0, Math.min(place, items.length - 1));
  const now = one("cards").children[cursor];
  now?.setAttribute("aria-selected", "true");
  if (scroll) now?.scrollIntoView({ block: "nearest" });
  asked();
}

// Views.
function show(name) {
  view = name;
  return then(load);
}
async function load() {
  const now = ++request;
  for (const tab of document.querySelectorAll("[data-view]")) tab.setAttribute("aria-selected", String(tab.dataset.view === view));
  one("plane").hidden = view !== "map";
  one("curve").hidden = view !== "limit";
  one("all").checked = false;
  parts();
  const titles = {
    found: ["Found", "Windows whose sound is nearest to what you look for. Press l on a window for more like it, h for what you do not mean."],
    word: [focused() ?? "No word yet", "What the word stands for, then what it names, most similar first."],
    check: ["To check", "Windows the classifier knows least about, far from one another. Say what they are; the next ones follow."],
    map: ["Map", "Every point is a window in the colour of its word. Press one to hear it; draw a line around several to list them."],
    limit: [`Threshold of ${focused() ?? "a word"}`, "Sounds with a lower score are none of these. Bars count windows; marks are what you said, yes (whole) and no (dashed); the line is the share of yes from each score on."],
  };
  one("title").textContent = titles[view][0];
  one("about").textContent = titles[view][1];
  let found = [];
  if (view === "found" && (query.words.trim() || query.like.length || query.examples.length)) found = await ask("search", query);
  if (view === "word" && focused() !== undefined) found = await ask("word", { word: focused() });
  if (view === "check") {
    if (known.words.length) found = await ask("check", {});
    else one("about").textContent = "Add some words first (a): what is worth checking follows from them.";
  }
  if (now !== request) return;
  list(found);
  if (one("status").className !== "wrong" && !one("status").textContent.startsWith("Kept")) say(found.length ? count(found.length, "window") : "");
  if (view === "map") await map();
  if (view === "limit") await curve();
  if (view === "found" && !found.length) {
    one("about").textContent = "Type what you look for (/), or choose a file that sounds like it. Or add words (a): each finds its windows by itself.";
  }
}
async function more() {
  const skip = items.length;
  const found = view === "found" ? await ask("search", { ...query, skip }) : await ask("word", { word: focused(), skip });
  list(found, true);
}
function parts() {
  const some = [
    ...query.like.map((row) => ["like", row, `like window ${row}`]),
    ...query.examples.map((e) => ["examples", e, `like ${names.get(e) ?? "a file"}`]),
    ...query.unlike.map((row) => ["unlike", row, `not like window ${row}`]),
  ];
  one("parts").hidden = view !== "found" || !some.length;
  one("parts").replaceChildren(...some.map(([kind, value, text]) => {
    const button = make("button", "", `${text} ×`);
    button.type = "button";
    button.setAttribute("aria-label", `Leave out: ${text}`);
    button.addEventListener("click", () => {
      query = { ...query, [kind]: query[kind].filter((other) => other !== value) };
      show("found");
    });
    return button;
  }));
}
const names = new Map();
one("find").addEventListener("submit", (event) => {
  event.preventDefault();
  query = { ...query, words: one("query").value };
  one("query").blur();
  show("found");
});
one("file").addEventListener("change", () => {
  const file = one("file").files[0];
  if (!file) return;
  then(async () => {
    say(`Listening to ${file.name}…`);
    const answer = await fetch(`example?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
    if (!answer.ok) {
      const text = await answer.text();
      let sentence = text;
      try { sentence = JSON.parse(text).error; } catch { /* it is a sentence already */ }
      throw new Error(sentence);
    }
    const { example } = await answer.json();
    names.set(example, file.name);
    query = { words: one("query").value, like: [], unlike: [], examples: [example] };
    one("file").value = "";
    view = "found";
    await load();
    say(`What sounds like ${file.name}.`);
  });
});
for (const tab of document.querySelectorAll("[data-view]")) tab.addEventListener("click", () => show(tab.dataset.view));
one("more").addEventListener("click", () => then(more));

// Words: added, described, renamed, split, dropped.
/** A word and its description after a colon, as it is kept. */
function described(text) {
  const [word, ...about] = text.split(":");
  return [word.trim().replace(/\s+/g, " "), about.join(":")];
}
one("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const [word, description] = described(one("word").value);
  one("word").value = "";
  one("word").blur();
  if (!word) return;
  say("Learning…");
  step({ do: "add", word, description }, async () => {
    const place = known.words.findIndex((w) => w.word === word);
    look(place < 0 ? known.words.length - 1 : place);
    view = "word";
    await load();
  });
});
let editing = null;
function edit(kind) {
  const word = focused();
  if (word === undefined) return;
  editing = { kind, word };
  one("edit").hidden = false;
  one("edit").querySelector("label").textContent = {
    describe: `What the encoder reads instead of “${word}” (empty: the word itself)`,
    rename: `Another name for “${word}”`,
    split: `Words that “${word}” is split into, with ; between them (a description after a colon)`,
    drop: `Type “${word}” again to drop it, with all that was said of it`,
  }[kind];
  one("edited").value = kind === "describe" ? known.words[focus].description : kind === "rename" ? word : "";
  one("edited").focus();
  one("edited").select();
}
function leave() {
  editing = null;
  one("edit").hidden = true;
  one("edited").blur();
}
one("leave").addEventListener("click", leave);
one("edit").addEventListener("submit", (event) => {
  event.preventDefault();
  const { kind, word } = editing, text = one("edited").value;
  leave();
  if (kind === "describe") step({ do: "add", word, description: text }, load);
  if (kind === "rename" && text.trim() && text !== word) step({ do: "rename", word, name: text }, load);
  if (kind === "split") {
    const into = Object.fromEntries(text.split(";").map(described).filter(([part]) => part));
    say("Learning…");
    step({ do: "split", word, into }, async () => { view = "check"; await load(); });
  }
  if (kind === "drop") {
    if (text.trim() === word) step({ do: "drop", word }, load);
    else say(`“${word}” was not dropped.`);
  }
});

// The player.
const sound = new Audio();
let playing = null;
function stop() {
  sound.pause();
  playing?.classList.remove("playing");
  playing = null;
}
function play() {
  const button = one("cards").children[cursor]?.querySelector(".sound");
  if (!button) return;
  const again = playing === button;
  stop();
  if (again) return;
  playing = button;
  button.classList.add("playing");
  hear(items[cursor].row, () => { if (playing === button) stop(); });
  const move = () => {
    if (playing !== button) return;
    button.style.setProperty("--at", sound.duration ? sound.currentTime / sound.duration : 0);
    if (sound.ended) stop(); else requestAnimationFrame(move);
  };
  move();
}
function hear(row, failed = () => {}) {
  sound.src = `sound/${row}`;
  sound.play().catch(async (error) => {
    if (error.name === "AbortError") return;
    failed();
    try { await ask(`sound/${row}`); } catch (why) { say(why.message.startsWith("Unexpected") ? error.message : why.message, true); }
  });
}

// The map.
const canvas = one("map");
async function map() {
  drawing = await ask("map");
  if (!drawing) {
    say("The map is being drawn…");
    setTimeout(() => { if (view === "map") then(map); }, 700);
    return;
  }
  if (drawing.left_out) {
    one("about").textContent = `${drawing.points.length.toLocaleString("en")} of ${known.windows.toLocaleString("en")} windows, in the colour of their words. Press one to hear it; draw a line around several to list them.`;
  }
  paint();
}
function paint(lasso = []) {
  if (!drawing || view !== "map") return;
  // All of it is seen at once, with room for the cards below.
  const most = Math.max(240, innerHeight - 330) * drawing.width / drawing.height;
  const wide = Math.min(one("plane").clientWidth, most), tall = wide * drawing.height / drawing.width, dots = devicePixelRatio || 1;
  canvas.style.width = `${wide}px`;
  canvas.width = wide * dots;
  canvas.height = tall * dots;
  canvas.style.height = `${tall}px`;
  const pen = canvas.getContext("2d");
  const scale = canvas.width / drawing.width;
  const colours = new Map();
  const colour = (place) => {
    if (!colours.has(place)) {
      const probe = make("i", place < 0 ? "none" : `hue${place % HUES}`);
      probe.style.color = "var(--c)";
      document.body.append(probe);
      colours.set(place, getComputedStyle(probe).color);
      probe.remove();
    }
    return colours.get(place);
  };
  const chosen = new Set(items.map((item) => item.row));
  for (const [row, x, y, word] of drawing.points) {
    pen.beginPath();
    pen.arc(x * scale, y * scale, (chosen.has(row) ? 6 : 4) * scale * Math.min(2, drawing.width / wide), 0, 7);
    pen.fillStyle = colour(word);
    pen.globalAlpha = chosen.size && !chosen.has(row) ? .35 : .75;
    pen.fill();
  }
  pen.globalAlpha = 1;
  if (lasso.length > 1) {
    pen.beginPath();
    for (const [x, y] of lasso) pen.lineTo(x * scale, y * scale);
    pen.closePath();
    pen.strokeStyle = getComputedStyle(document.body).color;
    pen.lineWidth = 2 * dots;
    pen.stroke();
  }
}
const spot = (event) => {
  const box = canvas.getBoundingClientRect(), scale = drawing.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
};
/** Whether a point is inside of a line that is closed: it crosses the line an odd number of times on its way out. */
function inside([x, y], line) {
  let odd = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [ax, ay] = line[i], [bx, by] = line[j];
    if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
let lasso = null;
canvas.addEventListener("pointerdown", (event) => {
  if (!drawing) return;
  lasso = [spot(event)];
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  if (!lasso) return;
  lasso.push(spot(event));
  paint(lasso);
});
canvas.addEventListener("pointerup", () => {
  if (!lasso) return;
  const line = lasso;
  lasso = null;
  const length = line.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - line[i][0], y - line[i][1]), 0);
  let rows;
  if (length < 20) {
    const [x, y] = line[0];
    const near = drawing.points.map(([row, px, py]) => [Math.hypot(px - x, py - y), row]).sort((a, b) => a[0] - b[0])[0];
    rows = near && near[0] < 24 ? [near[1]] : [];
    if (rows.length) hear(rows[0]);
  } else rows = drawing.points.filter(([, x, y]) => inside([x, y], line)).map(([row]) => row);
  then(async () => {
    list(rows.length ? await ask("windows", { rows: rows.slice(0, 2000) }) : []);
    say(rows.length === 1 ? items[0].name : count(rows.length, "window"));
    paint();
  });
});
addEventListener("resize", () => paint());

// The threshold of a word and the curve it comes from.
const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes, text = null) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== null) made.textContent = text;
  return made;
}
async function curve() {
  const word = focused();
  if (word === undefined) { one("curve").replaceChildren(); return; }
  const c = await ask("curve", { word });
  const [W, H, left, right, top, bottom] = [760, 320, 44, 44, 16, 34];
  const x = (v) => left + v * (W - left - right);
  const most = Math.max(1, ...c.bins);
  const y = (n) => H - bottom - n / most * (H - top - bottom - 24);
  const share = (p) => H - bottom - p * (H - top - bottom - 24);
  const svg = shape("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", class: hue(word), "aria-label": `Scores of windows for ${word}` });
  c.bins.forEach((n, i) => svg.append(shape("rect", { class: "bin", x: x(c.edges[i]), y: y(n), width: Math.max(1, x(c.edges[i + 1]) - x(c.edges[i]) - 1), height: H - bottom - y(n) })));
  for (const [kind, values] of [["yes", c.yes], ["no", c.no]]) {
    for (const v of values) svg.append(shape("line", { class: kind, x1: x(v), x2: x(v), y1: top, y2: top + 18 }));
  }
  const known = c.curve.filter(([, , p]) => p !== null);
  if (known.length) {
    svg.append(shape("polyline", { class: "right", points: known.map(([v, , p]) => `${x(v)},${share(p)}`).join(" ") }));
    for (const p of [0, .5, 1]) svg.append(shape("text", { x: W - right + 6, y: share(p) + 4 }, `${100 * p}%`));
  }
  svg.append(shape("text", { x: 6, y: y(most) + 4 }, String(most)));
  for (const v of [0, .5, 1]) svg.append(shape("text", { x: x(v), y: H - 12, "text-anchor": "middle" }, v.toFixed(2)));
  const at = shape("line", { class: "at", y1: top, y2: H - bottom });
  svg.append(at);
  const label = make("label"), said = make("span"), range = make("input");
  Object.assign(range, { type: "range", min: 0, max: 1, step: 1 / 200, value: c.threshold ?? 0 });
  const read = () => {
    const level = Number(range.value);
    at.setAttribute("x1", x(level));
    at.setAttribute("x2", x(level));
    const row = c.curve.reduce((best, r) => (Math.abs(r[0] - level) < Math.abs(best[0] - level) ? r : best));
    const sure = row[2] === null ? "nothing said above it" : `${Math.round(100 * row[2])} % of what you said above it is yes`;
    said.textContent = `${level.toFixed(2)}: about ${count(row[1], "window")} above, ${sure}`;
  };
  range.addEventListener("input", read);
  read();
  label.append(make("span", "", "Threshold"), range, said);
  const keep = make("button", "", "Keep it"), none = make("button", "", "No threshold");
  keep.type = none.type = "button";
  keep.addEventListener("click", () => step({ do: "limit", word, threshold: Number(range.value) }));
  none.addEventListener("click", () => step({ do: "limit", word, threshold: null }));
  none.disabled = c.threshold === null;
  range.addEventListener("keydown", (event) => { if (event.key === "Enter") keep.click(); });
  one("curve").replaceChildren(svg, label, make("div", "buttons", null, keep, none));
}

// Keys.
const KEYS = [
  ["/", "find a sound", () => { one("query").focus(); one("query").select(); }],
  ["a", "add a word, with a description after a colon", () => one("word").focus()],
  ["Space", "play, stop", play],
  ["j ↓ →", "next window", () => (cursor + 1 >= items.length && !one("more").hidden ? then(async () => { await more(); point(cursor + 1); }) : point(cursor + 1))],
  ["k ↑ ←", "window before", () => point(cursor - 1)],
  ["y", "it is the word asked about below", () => judge(subject(), true)],
  ["n", "it is not", () => judge(subject(), false)],
  ["1 – 9", "it is the word of this number", null],
  ["0", "nothing is said of it", () => judge(undefined, null)],
  ["u", "undo", () => undo()],
  ["l", "more like this window", () => { if (items.length) { query = { words: "", like: [items[cursor].row], unlike: [], examples: [] }; one("query").value = ""; show("found"); } }],
  ["h", "not like this window", () => { if (items.length) { query = { ...query, unlike: [...query.unlike, items[cursor].row] }; show("found"); } }],
  ["[ ]", "word before, next word", null],
  ["s w c m t", "found, word, to check, map, threshold", null],
  ["e", "describe the word", () => edit("describe")],
  ["r", "rename it", () => edit("rename")],
  ["x", "split it into several", () => edit("split")],
  ["Delete", "drop it", () => edit("drop")],
  ["A", "what I say holds for all in the list", () => { if (!one("every").hidden) one("all").checked = !one("all").checked; }],
  ["?", "these keys", () => (one("help").open ? one("help").close() : one("help").showModal())],
];
const press = {
  "ArrowDown": "j ↓ →", "ArrowRight": "j ↓ →", j: "j ↓ →", "ArrowUp": "k ↑ ←", "ArrowLeft": "k ↑ ←", k: "k ↑ ←", " ": "Space",
};
one("shortcuts").append(...KEYS.map(([keys, what]) => make("div", "", null,
  make("dt", "", null, ...keys.split(" ").map((key) => make("span", "hint", key))), make("dd", "", what))));
function undo() {
  return step({ do: "undo" }, async () => { say("Undone."); if (["word", "check"].includes(view)) await load(); });
}
one("undo").addEventListener("click", undo);
one("keys").addEventListener("click", () => one("help").showModal());
const views = { s: "found", w: "word", c: "check", m: "map", t: "limit" };
addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "Escape") { if (editing) leave(); else if (typing) event.target.blur(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || (one("help").open && event.key !== "?")) return;
  if (event.target.matches("button, label.file") && [" ", "Enter"].includes(event.key) && !event.target.matches(".sound")) {
    if (event.target.matches("label.file")) { event.preventDefault(); one("file").click(); }
    return;
  }
  if (/^[1-9]$/.test(event.key)) {
    const word = known.words[Number(event.key) - 1]?.word;
    if (word === undefined) say(`There is no word ${event.key}.`, true); else judge(word, true);
  } else if (event.key === "[" || event.key === "]") {
    look(focus + (event.key === "]" ? 1 : -1));
    if (["word", "limit"].includes(view)) then(load);
  } else if (event.key in views) show(views[event.key]);
  else {
    const name = press[event.key] ?? event.key;
    const found = KEYS.find(([keys, , work]) => keys === name && work);
    if (!found) return;
    found[2]();
  }
  event.preventDefault();
});

// A second tab sees what was said in the first.
async function follow() {
  if (document.hidden) return;
  const news = await ask(`overview?since=${known.version}`);
  if (!news) return;
  take(news);
  await freshen();
}
setInterval(() => then(follow), 2500);
document.addEventListener("visibilitychange", () => then(follow));
then(async () => {
  axis = await ask("axis");
  take(await ask("overview"));
  say(`${count(known.windows, "window")}, ${count(known.words.length, "word")}.`);
  view = known.words.length ? "check" : "found";
  await load();
});

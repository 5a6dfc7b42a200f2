// First-order ambisonics in the browser: turned by the head, then through filters for two ears. AmbiX order: W, Y, Z, X.
const RAD = Math.PI / 180;

function decoded(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new DataView(bytes.buffer);
}
function samples() {
  const view = decoded(data.sound);
  const frames = view.byteLength / 8;
  const channels = [0, 1, 2, 3].map(() => new Float32Array(frames));
  for (let i = 0; i < frames; i++) {
    for (let c = 0; c < 4; c++) channels[c][i] = view.getInt16(8 * i + 2 * c, true) / data.scale;
  }
  return channels;
}
let kept = null;
function buffer(context) {
  kept ??= samples();
  const made = context.createBuffer(4, kept[0].length, data.rate);
  kept.forEach((channel, c) => made.copyToChannel(channel, c));
  return made;
}

// How a head turned to the left (yaw) and up (pitch), in degrees, hears Y, Z and X: rows of what it hears.
function turn(yaw, pitch) {
  const [cy, sy, cp, sp] = [Math.cos(yaw * RAD), Math.sin(yaw * RAD), Math.cos(pitch * RAD), Math.sin(pitch * RAD)];
  return [
    [cy, 0, -sy],
    [-sp * sy, cp, -sp * cy],
    [cp * sy, sp, cp * cy],
  ];
}

// The graph from a node of four channels to two ears; `set` turns the head.
function ears(context, source) {
  const split = context.createChannelSplitter(4);
  source.connect(split);
  const through = data.filters.map((taps) => {
    const filter = context.createConvolver();
    filter.normalize = false;
    const impulse = context.createBuffer(1, taps.length, data.rate);
    impulse.copyToChannel(Float32Array.from(taps), 0);
    filter.buffer = impulse;
    return filter;
  });
  split.connect(through[0], 0);
  const gains = [0, 1, 2].map((row) => [0, 1, 2].map((column) => {
    const gain = context.createGain();
    split.connect(gain, 1 + column);
    gain.connect(through[1 + row]);
    return gain;
  }));
  const merge = context.createChannelMerger(2);
  const other = context.createGain();
  other.gain.value = -1; // the right ear is the left one of a mirrored world: Y changes its sign
  through[1].connect(other);
  for (const filter of through) filter.connect(merge, 0, 0);
  for (const filter of [through[0], other, through[2], through[3]]) filter.connect(merge, 0, 1);
  merge.connect(context.destination);
  return (yaw, pitch) => {
    turn(yaw, pitch).forEach((row, r) => row.forEach((value, c) => {
      gains[r][c].gain.setTargetAtTime(value, context.currentTime, context instanceof OfflineAudioContext ? 1e-6 : 0.02);
      if (context instanceof OfflineAudioContext) gains[r][c].gain.value = value;
    }));
  };
}

// What the ears hear from a second on, for so many seconds, in dB: the same graph, without loudspeakers.
async function levels(yaw, pitch = 0, from = 0, seconds = data.seconds) {
  const context = new OfflineAudioContext(2, Math.max(1, Math.round(seconds * data.rate)), data.rate);
  const source = context.createBufferSource();
  source.buffer = buffer(context);
  ears(context, source)(yaw, pitch);
  source.start(0, from);
  const heard = await context.startRendering();
  return [0, 1].map((ear) => {
    const samples = heard.getChannelData(ear);
    return 10 * Math.log10(samples.reduce((sum, value) => sum + value * value, 1e-12) / samples.length);
  });
}

const head = { yaw: 0, pitch: 0 };
let context = null, node = null, set = null, started = 0, offset = 0;

function look(yaw, pitch) {
  head.yaw = ((yaw + 180) % 360 + 360) % 360 - 180;
  head.pitch = Math.max(-90, Math.min(90, pitch));
  one("yaw").value = Math.round(head.yaw);
  one("pitch").value = Math.round(head.pitch);
  one("turned").textContent = `${Math.round(head.yaw)}°`;
  one("head").setAttribute("transform", `rotate(${-head.yaw})`);
  set?.(head.yaw, head.pitch);
}
function now() { return node ? Math.min(data.seconds, offset + context.currentTime - started) : offset; }
function show(time) {
  one("time").value = time;
  one("clock").textContent = `${time.toFixed(1)} s`;
  data.sources.forEach((source, i) => {
    const group = document.querySelector(`[data-source="${i}"]`);
    group.classList.toggle("silent", time < source.start || time > source.end);
    let at = source.times.findIndex((t) => t > time);
    at = Math.max(0, at < 0 ? source.times.length - 1 : at - 1);
    for (const [mark, places] of [[".ring", source.meant], [".dot", source.found]]) {
      if (!places.length) continue;
      group.querySelector(mark).setAttribute("cx", places[at][0]);
      group.querySelector(mark).setAttribute("cy", places[at][1]);
    }
  });
}
function halt() {
  if (!node) return;
  offset = now() >= data.seconds ? 0 : now();
  node.onended = null;
  node.stop();
  node = null;
  one("play").textContent = "Play";
  one("play").setAttribute("aria-pressed", "false");
}
function begin() {
  context ??= new AudioContext({ sampleRate: data.rate });
  context.resume();
  node = context.createBufferSource();
  node.buffer = buffer(context);
  set = ears(context, node);
  set(head.yaw, head.pitch);
  started = context.currentTime;
  node.start(0, offset);
  node.onended = () => { halt(); show(offset); };
  one("play").textContent = "Pause";
  one("play").setAttribute("aria-pressed", "true");
  const move = () => { if (node) { show(now()); requestAnimationFrame(move); } };
  move();
}
one("play").addEventListener("click", () => (node ? halt() : begin()));
one("time").addEventListener("input", () => {
  const plays = node !== null;
  halt();
  offset = Number(one("time").value);
  show(offset);
  if (plays) begin();
});
one("yaw").addEventListener("input", () => look(Number(one("yaw").value), head.pitch));
one("pitch").addEventListener("input", () => look(head.yaw, Number(one("pitch").value)));
one("ahead").addEventListener("click", () => look(0, 0));
let held = null;
one("plane").addEventListener("pointerdown", (event) => {
  held = { x: event.clientX, y: event.clientY, ...head };
  one("plane").setPointerCapture(event.pointerId);
});
one("plane").addEventListener("pointermove", (event) => {
  if (held) look(held.yaw - (event.clientX - held.x) / 2, held.pitch - (event.clientY - held.y) / 3);
});
for (const end of ["pointerup", "pointercancel"]) one("plane").addEventListener(end, () => { held = null; });
look(data.yaw, 0);
show(0);

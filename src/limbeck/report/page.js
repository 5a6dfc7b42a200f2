"use strict";
const all = (selector) => [...document.querySelectorAll(selector)];

for (const bar of all(".controls")) bar.hidden = false;
for (const radio of all('input[name="show"]')) {
  radio.addEventListener("change", () => { document.body.dataset.show = radio.value; });
  if (radio.checked) document.body.dataset.show = radio.value;
}
const cut = document.getElementById("cut");
if (cut) {
  const apply = () => document.body.classList.toggle("cut", cut.checked);
  cut.addEventListener("change", apply);
  apply();
}
for (const button of all("[data-open]")) {
  button.addEventListener("click", () => {
    for (const part of all("details.class")) part.open = button.dataset.open === "yes";
  });
}

let playing = null;
function stop() {
  if (!playing) return;
  playing.querySelector("audio").pause();
  playing.classList.remove("playing");
  playing.removeAttribute("aria-pressed");
  playing = null;
}
function play(button) {
  const sound = button.querySelector("audio");
  playing = button;
  button.classList.add("playing");
  button.setAttribute("aria-pressed", "true");
  sound.currentTime = 0;
  sound.play().catch(stop);
  const move = () => {
    if (playing !== button) return;
    button.style.setProperty("--at", sound.duration ? sound.currentTime / sound.duration : 0);
    if (sound.ended) stop(); else requestAnimationFrame(move);
  };
  move();
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.sound");
  if (!button) return;
  const again = button === playing;
  stop();
  if (!again) play(button);
});

let opened = [];
addEventListener("beforeprint", () => {
  opened = all("details.class:not([open])");
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });

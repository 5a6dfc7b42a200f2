// Videos move together, unless the reader's system asks for calm; what lies beside a sound that plays moves with it.
const moving = one("moving");
if (moving) {
  const together = () => {
    document.body.classList.toggle("moving", moving.checked);
    if (!moving.checked) return;
    for (const one of document.getAnimations()) if (one.animationName === "film") one.startTime = 0;
  };
  moving.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  moving.addEventListener("change", together);
  document.addEventListener("toggle", together, true);
  together();
}
const place = (cell) => [...cell.parentElement.children].indexOf(cell);
sound.addEventListener("play", () => {
  const own = playing, { mark } = own;
  const films = all(".film", mark.closest(".face")).filter((film) => place(film) === place(mark));
  const clips = films.flatMap((film) => film.firstElementChild.getAnimations());
  const follow = () => {
    if (playing !== own) { if (moving.checked) for (const clip of clips) clip.startTime = 0; return; }
    for (const clip of clips) clip.currentTime = Math.min(1000 * sound.currentTime, clip.effect.getTiming().duration - 1);
    requestAnimationFrame(follow);
  };
  if (clips.length) follow();
});

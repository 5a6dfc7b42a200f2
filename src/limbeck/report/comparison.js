"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

for (const bar of all(".controls")) bar.hidden = false;
function show(key) {
  for (const part of all("[data-key]")) part.hidden = part.dataset.key !== key;
}
for (const radio of all('input[name="key"]')) {
  radio.addEventListener("change", () => show(radio.value));
  if (radio.checked) show(radio.value);
}

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
  return [...rows].sort((one, other) => {
    const last = one.classList.contains("reference") - other.classList.contains("reference");
    if (last) return last;
    const a = key(one), b = key(other);
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * -String(a).localeCompare(String(b));
  });
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = all("details:not([open])");
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => { for (const part of opened) part.open = false; });

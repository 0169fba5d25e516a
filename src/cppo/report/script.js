"use strict";
(() => {
  const PAGE = 20; // entries shown at first, and added by each press of the button
  const form = document.getElementById("filters");
  const more = document.getElementById("more");
  const shown = document.getElementById("shown");
  const entries = [...document.querySelectorAll("#entries .entry")];
  if (!entries.length) return;
  const texts = new Map(); // lower-case text of an entry, made when it is first searched
  let limit = PAGE;

  const textOf = (entry) => {
    if (!texts.has(entry)) texts.set(entry, entry.textContent.toLowerCase());
    return texts.get(entry);
  };

  const wanted = () => {
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const arm = value("arm"), kind = value("kind"), outcome = value("outcome");
    const text = value("text").trim().toLowerCase();
    return (entry) =>
      (!arm || entry.dataset.arm === arm) &&
      (!kind || (kind.endsWith("/") ? entry.dataset.kind.startsWith(kind) : entry.dataset.kind === kind)) &&
      (!outcome || entry.dataset.outcome === outcome) &&
      (!text || textOf(entry).includes(text));
  };

  const apply = () => {
    const fits = wanted();
    let found = 0;
    for (const entry of entries) {
      const fit = fits(entry);
      if (fit) found += 1;
      entry.hidden = !fit || found > limit;
    }
    const visible = Math.min(found, limit);
    shown.textContent = found ? `${visible} of ${found} shown` : "nothing fits these filters";
    more.hidden = found <= limit;
  };

  form.addEventListener("input", () => { limit = PAGE; apply(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { limit += PAGE; apply(); });
  form.hidden = false;
  apply();
})();

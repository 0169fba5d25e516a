// The browser of episodes: filters, the list of problems, keys.
(() => {
  const PAGE = 50; // problems shown at first, and added each time
  const PAUSE = 120; // milliseconds after the last key before texts are searched
  const LEFT_OUT = "The texts of this problem are not in the page, which would be too large with them.";
  const TOO_OLD =
    "This browser cannot unpack the episodes (it has no DecompressionStream). Take a newer one: Chromium 80, Firefox " +
    "113, Safari 16.4.";
  const byId = (id) => document.getElementById(id);
  const form = byId("filters"), list = byId("problems"), more = byId("more"), found = byId("found");
  let store, index, view, fitting = [], shown = 0, latest = 0, timer = 0, searched = { needle: "", hits: null };

  // ---- what is chosen

  const value = (name) => (form.elements[name] ? form.elements[name].value : "");
  const setNumber = () => Number(value("set") || 0);
  const theSet = () => index.sets[setNumber()];
  const numbers = (name, all) => (value(name) === "" ? all.map((_, i) => i) : [Number(value(name))]);
  const arms = () => numbers("arm", index.arms);
  const seeds = () => numbers("seed", index.seeds);
  const strip = (arm, seed, problem) => theSet().strips[arm][seed][problem];
  const solves = (arm, problem) => seeds().some((seed) => strip(arm, seed, problem).includes("A"));

  const solved = {
    all: (problem) => index.arms.every((_, arm) => solves(arm, problem)),
    none: (problem) => !index.arms.some((_, arm) => solves(arm, problem)),
  };
  const solvedAsAsked = (problem) => {
    const asked = value("solved");
    if (!asked) return true;
    if (solved[asked]) return solved[asked](problem);
    const [by, other] = asked.split(">").map(Number);
    return solves(by, problem) && !solves(other, problem);
  };

  const fitsWithoutText = (problem) => {
    const sign = value("verdict");
    if (sign && !arms().some((arm) => seeds().some((seed) => strip(arm, seed, problem).includes(sign)))) return false;
    return solvedAsAsked(problem);
  };

  // Returns the problems that fit, or null when another choice was made meanwhile.
  const choose = async (wanted) => {
    const problems = theSet().problems, set = setNumber();
    const fits = problems.map((_, i) => i).filter(fitsWithoutText);
    const needle = value("text").trim();
    if (!needle) return fits;
    if (searched.needle !== needle) {
      const hits = await store.search(needle, wanted);
      if (!hits) return null;
      searched = { needle, hits };
    }
    const pattern = patternOf(needle), chosen = [], [some, times] = [arms(), seeds()];
    for (const i of fits) {
      const [id, , block] = problems[i];
      const inTexts = () => store.has(searched.hits, set, id, block, some, times);
      if (pattern.test(id) || (await inTexts())) chosen.push(i);
    }
    return wanted() ? chosen : null;
  };

  const failed = (error) => {
    byId("trouble").textContent = String(error.message || error);
    byId("trouble").hidden = false;
  };

  const apply = () => applied().catch(failed);

  const applied = async () => {
    const mine = (latest += 1);
    const wanted = () => mine === latest;
    list.setAttribute("aria-busy", "true");
    if (value("text").trim()) found.textContent = "searching …";
    try {
      const chosen = await choose(wanted);
      if (!chosen) return;
      fitting = chosen;
      shown = 0;
      list.replaceChildren();
      if (fitting.length) list.style.setProperty("--strip", widest(fitting[0]));
      showMore();
      const all = plural(theSet().problems.length, "problem");
      found.textContent = fitting.length ? `${fitting.length} of ${all}` : "no problem fits these filters";
    } finally {
      if (wanted()) list.removeAttribute("aria-busy");
    }
  };

  // ---- the list

  const showMore = () => {
    const next = fitting.slice(shown, shown + PAGE);
    list.append(...next.map((problem) => row(problem)));
    shown += next.length;
    more.hidden = shown >= fitting.length;
    const buttons = rows();
    if (buttons.length && !buttons.some((button) => button.tabIndex === 0)) buttons[0].tabIndex = 0;
  };

  const row = (problem) => {
    const [id, difficulty] = theSet().problems[problem];
    const strips = arms().map((arm) => stripOf(arm, problem));
    const name = make(
      "span", { class: "what" }, make("span", { class: "name" }, id),
      difficulty && make("span", { class: "who" }, difficulty),
    );
    const within = `inside-${problem}`;
    const facts = { type: "button", class: "row", tabindex: -1, "aria-expanded": "false", "aria-controls": within };
    const all = make("span", { class: "strips" }, ...strips);
    const button = make("button", { ...facts, id: `row-${problem}` }, name, all);
    const inside = make("div", { class: "inside", id: within, role: "region", "aria-label": id, hidden: true });
    const item = make("li", { class: "problem" }, make("h3", null, button), inside);
    button.addEventListener("click", () => toggle(item, problem).catch(failed));
    button.addEventListener("focus", () => {
      for (const other of rows()) other.tabIndex = other === button ? 0 : -1;
    });
    return item;
  };

  const stripOf = (arm, problem) => {
    const [, title] = index.arms[arm];
    const mine = seeds().map((seed) => strip(arm, seed, problem));
    const signs = [...mine.join("").replaceAll(" ", "")];
    const label = `${title}: ${tally(signs)}.`;
    const groups = mine.flatMap((text, i) => {
      const parts = text.split(" ").map((part) => make("span", { class: "cells" }, ...[...part].map(view.cell)));
      return i ? [make("span", { class: "apart" }), ...parts] : parts;
    });
    return make(
      "span", { class: arm === index.subject ? "strip own" : "strip", role: "img", "aria-label": label, title: label },
      make("span", { class: "tag" }, title), make("span", { class: "signs" }, ...groups),
    );
  };

  // The width that all strips get, so that they stand below each other. The lengths are those of the style.
  const widest = (problem) => {
    const widths = arms().map((arm) => {
      const texts = seeds().map((seed) => strip(arm, seed, problem));
      const signs = texts.join("").replaceAll(" ", "").length;
      const gaps = texts.join(" ").split(" ").length - 1 + texts.length - 1;
      return 1.3 * signs + 0.45 * gaps + (signs + texts.length) / 16;
    });
    return `${Math.max(7.5, ...widths).toFixed(2)}rem`;
  };

  const tally = (signs) => {
    const counts = new Map();
    for (const sign of signs) counts.set(sign, (counts.get(sign) || 0) + 1);
    const others = [...counts].filter(([sign]) => sign !== "A");
    const parts = others.map(([sign, number]) => `${number} ${view.nameOf(sign)}`);
    return [`${counts.get("A") || 0} of ${signs.length} accepted`, ...parts].join(", ");
  };

  // ---- a problem that is opened

  const toggle = async (item, problem) => {
    const button = item.querySelector(".row"), inside = item.querySelector(".inside");
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    inside.hidden = !open;
    if (!open || inside.childElementCount) return;
    const [id, , block] = theSet().problems[problem];
    const record = await store.problem(setNumber(), id, block);
    const parts = record ? view.opened(record, arms(), seeds()) : [make("p", { class: "missing" }, LEFT_OUT)];
    inside.replaceChildren(...parts);
  };

  // ---- keys

  const rows = () => [...list.querySelectorAll(".row")];
  const current = () => {
    const item = (document.activeElement || document.body).closest("#problems > li");
    return item ? item.querySelector(".row") : null;
  };

  const move = (by) => {
    let buttons = rows();
    const here = buttons.indexOf(current());
    const to = here < 0 ? (by > 0 ? 0 : buttons.length - 1) : here + by;
    if (to >= buttons.length && !more.hidden) {
      showMore();
      buttons = rows();
    }
    const button = buttons[Math.min(Math.max(to, 0), buttons.length - 1)];
    if (!button) return;
    button.focus();
    button.scrollIntoView({ block: "nearest" });
  };

  const close = () => {
    const button = current() || list.querySelector('.row[aria-expanded="true"]');
    if (!button || button.getAttribute("aria-expanded") !== "true") return false;
    button.click();
    button.focus();
    button.scrollIntoView({ block: "nearest" });
    return true;
  };

  const writes = (element) => element.matches("input:not([type=checkbox]), select, textarea");
  const keys = {
    "/": () => form.elements.text.focus(),
    j: () => move(1),
    k: () => move(-1),
  };

  const pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const here = document.activeElement || document.body;
    if (here === form.elements.text && (event.key === "ArrowDown" || event.key === "Enter")) {
      event.preventDefault();
      clearTimeout(timer);
      apply().then(() => move(1));
    } else if (writes(here)) {
      return;
    } else if (event.key === "Escape") {
      if (close()) event.preventDefault();
    } else if (here.matches(".row") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (keys[event.key] && byId("single-keys").checked) {
      event.preventDefault();
      keys[event.key]();
    }
  };

  // ---- the start

  const fill = (name, options) => {
    const made = options.map(([key, words]) => make("option", { value: key }, words));
    if (form.elements[name]) form.elements[name].replaceChildren(...made);
  };

  const fillFilters = () => {
    const titles = index.arms.map(([, title]) => title);
    const subject = index.subject;
    const occurring = new Set(index.sets.map((one) => one.strips.flat(2).join("")).join(""));
    const signs = Object.keys(index.letters).filter((sign) => occurring.has(sign));
    const others = titles.map((_, arm) => arm).filter((arm) => arm !== subject);
    fill("set", index.sets.map((one, i) => [String(i), one.name]));
    fill("arm", [["", "all"], ...titles.map((title, i) => [String(i), title])]);
    fill("seed", [["", "all"], ...index.seeds.map((seed, i) => [String(i), String(seed)])]);
    fill("verdict", [["", "any"], ...signs.map((sign) => [sign, `${sign}: ${view.nameOf(sign)}`])]);
    fill("solved", [
      ["", "by any or none"], ["all", "by every method"], ["none", "by no method"],
      ...others.map((arm) => [`${subject}>${arm}`, `by ${titles[subject]}, not by ${titles[arm]}`]),
      ...others.map((arm) => [`${arm}>${subject}`, `by ${titles[arm]}, not by ${titles[subject]}`]),
    ]);
    const explained = (sign) =>
      make("div", null, make("dt", null, view.cell(sign)), make("dd", null, view.nameOf(sign)));
    byId("legend").replaceChildren(...signs.map(explained));
  };

  const start = async () => {
    if (typeof DecompressionStream === "undefined") throw new Error(TOO_OLD);
    store = await Store.open();
    index = store.index;
    view = problemView(index);
    fillFilters();
    form.addEventListener("input", (event) => {
      clearTimeout(timer);
      if (event.target.name === "text") timer = setTimeout(apply, PAUSE); else apply();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    more.addEventListener("click", () => {
      const before = rows().length;
      showMore();
      rows()[before].focus();
    });
    document.addEventListener("keydown", pressed);
    byId("browser").hidden = false;
    await apply();
    await store.unpackAll();
  };

  start().catch(failed);
})();

// Markup, and what is inside a problem that is opened. Whatever an evaluation holds is set as text, never as markup.

const make = (tag, facts, ...inside) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(facts || {})) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...inside.filter((part) => part !== "" && part !== null && part !== undefined));
  return element;
};
const badge = (kind, words) => make("span", { class: `badge ${kind}` }, words);
// What may scroll can be focused, and has a name for whoever does not see it.
const scrolls = (label) => ({ tabindex: 0, role: "group", "aria-label": label });
const code = (text, label) => make("pre", scrolls(label), make("code", null, text));
const plural = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

// Returns what needs the index: the cell and name of a sign, and the parts of a problem's record.
const problemView = (index) => {
  const nameOf = (sign) => index.letters[sign][1];
  const cell = (sign) => {
    const kind = index.letters[sign][0].toLowerCase().replace(" ", "-");
    return make("span", { class: `cell verdict-${kind}` }, sign);
  };

  const opened = (record, arms, seeds) => {
    const facts = [record.source, record.tests && plural(record.tests, "test")].filter(Boolean).join(" · ");
    return [
      facts && make("p", { class: "id" }, facts),
      make("blockquote", scrolls("Statement"), record.statement || "(no statement)"),
      record.starter &&
        make("details", null, make("summary", null, "Starter code"), code(record.starter, "Starter code")),
      ...arms.map((arm) => ofArm(arm, record.arms[arm], seeds)),
    ].filter(Boolean);
  };

  const ofArm = (arm, groups, seeds) => {
    const [, title, independent] = index.arms[arm];
    const parts = seeds.flatMap((seed) => {
      const { episodes, ...group } = groups[seed];
      const heading = index.seeds.length > 1 ? [make("h5", null, `Seed ${index.seeds[seed]}`)] : [];
      const own = independent && episodes.length > 1; // every attempt has its own plan
      const shown = own ? [ownPlans(episodes, title)] : episodes.flatMap((one, i) => {
        const kind = one.plan || one.fault ? "Tuple" : "Group";
        return ofEpisode(one, independent, !independent && episodes.length > 1 ? `${kind} ${i + 1}` : "", title);
      });
      return [...heading, spent(group), ...shown];
    });
    return make("div", { class: "arm" }, make("h4", null, title), ...parts);
  };

  const spent = (group) => {
    const words = group.roles.map(([role, calls, tokensIn, tokensOut, estimated]) => {
      const prompt = tokensIn === null ? "" : `${tokensIn.toLocaleString("en")} tokens in, `;
      const about = estimated ? "about " : "";
      return `${role}: ${plural(calls, "call")}, ${about}${prompt}${tokensOut.toLocaleString("en")} out`;
    });
    const failed = group.failed.map(([where, why, number]) =>
      badge("bad", `${plural(number, "call")} failed: ${where}, ${why}`),
    );
    return make("p", { class: "id" }, words.join(" · "), ...failed.flatMap((one) => [" ", one]));
  };

  const planOf = (episode, title) => {
    const written = make("summary", null, "Plan as it was written");
    const open = !episode.attempts.length;
    return episode.plan && make("details", { open }, written, code(episode.plan, `Plan of ${title}`));
  };

  // What is wrong with a plan, and what the engine said when a call for it failed.
  const faultsOf = (episode) => [
    episode.fault && badge(episode.attempts.length ? "warn" : "bad", episode.fault),
    episode.detail && make("span", { class: "detail" }, episode.fault ? " " : "", episode.detail),
  ].filter(Boolean);

  const ofEpisode = (episode, independent, which, title) => {
    const head = make("p", { class: "plan" }, which && make("b", null, which, " "), ...faultsOf(episode));
    const slot = independent ? "Program" : "Slot";
    const cards = episode.attempts.map((attempt, i) => card(attempt, `${slot} ${i + 1}`, title));
    const list = cards.length && make("ol", { class: "attempts" }, ...cards);
    return [head.childNodes.length && head, planOf(episode, title), list].filter(Boolean);
  };

  const ownPlans = (episodes, title) => {
    let number = 0;
    const cards = episodes.flatMap((episode) => {
      const plan = [...faultsOf(episode), planOf(episode, title)];
      if (episode.attempts.length) {
        return episode.attempts.map((attempt) => card(attempt, `Program ${(number += 1)}`, title, plan));
      }
      const name = make("p", { class: "slot" }, make("b", null, `Program ${(number += 1)}`));
      return [make("li", { class: "bad" }, name, ...plan)];
    });
    return make("ol", { class: "attempts" }, ...cards);
  };

  const card = (attempt, slot, title, plan = []) => {
    const kind = attempt.sign === "A" ? "good" : "bad";
    const words = `${index.letters[attempt.sign][0]} · ${nameOf(attempt.sign)}`;
    const facts = [plural(attempt.tokens, "token"), attempt.cut && "cut at the token limit"].filter(Boolean).join(", ");
    return make(
      "li", { class: kind },
      make(
        "p", { class: "slot" }, cell(attempt.sign), make("b", null, slot),
        attempt.label && make("span", { class: "range" }, attempt.label),
      ),
      attempt.method && make("p", { class: "method", ...scrolls(`Method of ${slot}`) }, attempt.method),
      ...plan,
      code(attempt.program || "(no program)", `${slot} of ${title}`),
      make("p", null, badge(kind, words), " ", make("span", { class: "range" }, facts)),
      attempt.detail && make("p", { class: "detail" }, attempt.detail),
    );
  };

  return { cell, nameOf, opened };
};

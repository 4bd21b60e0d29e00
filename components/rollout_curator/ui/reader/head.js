// The header of a rollout: place, reward and its components, what keeps or drops it, facts, flags.

import { keyOf } from "./bindings.js";
import { act } from "./keys.js";
import { draftOf, drawReasons } from "./reasons.js";
import { show } from "./show.js";
import { sayWritten } from "./side.js";
import { appendVisible, counted, h, rewardText, rewardWords } from "./text.js";
import { DONE, HIDDEN, reasonWords, SIGNS, when } from "./words.js";

const FEW = 6;

/** Write the header; without a rollout it says only where the reader is. */
export function head(s, rollout) {
  const { position, reward, badges, facts, components, flags, turns, attempt, where } = s.ui;
  for (const part of [badges, facts, components, flags, position, attempt, where]) part.replaceChildren();
  for (const part of [reward, turns]) part.textContent = "";
  position.append(...whereInQueue(s, rollout));
  drawReasons(s, rollout);
  s.ui.root.dataset.verdict = rollout && rollout.decision ? rollout.decision.verdict : "";
  if (!rollout) return;
  reward.textContent = rollout.blind ? HIDDEN : rewardText(rollout.reward);
  reward.title = rollout.blind ? "" : rollout.reward === null ? rollout.rewardNote || "no reward" : `reward ${rollout.reward ?? "hidden"}`;
  reward.dataset.rated = String(!rollout.blind && rollout.reward !== null);
  turns.textContent = counted(rollout.turns.length, "turn");
  for (const [kind, sign, text] of states(s, rollout)) badges.append(badge(kind, sign, text));
  if (rollout.copies > 1) badges.append(badge("copies", "", `${rollout.copies} duplicates share this decision`));
  if (rollout.rewardNote && !(rollout.dropReason && rollout.rewardNote.endsWith(rollout.dropReason))) flags.append(chip(rollout.rewardNote));
  for (const flag of rollout.flags || []) flags.append(chip(flag));
  attempt.append(...attemptLink(s, rollout));
  for (const [name, value] of rollout.facts || []) facts.append(fact(name, value));
  appendVisible(where, rollout.where);
  drawComponents(s, rollout.components || []);
  sayWritten(s, rollout);
}

/** Return the place in the queue; a rollout that is not in it says so and leads back. */
function whereInQueue(s, rollout) {
  const at = (Math.min(s.place.pos, s.place.total - 1) + 1).toLocaleString("en-US");
  if (!s.place.visit || !rollout) return [h("b", {}, at), ` of ${s.place.total.toLocaleString("en-US")}`];
  return [h("span", { class: "astray" }, "not in this queue"),
    h("button", { class: "small", type: "button", onclick: () => show(s, s.place.pos) }, `Back to ${at} of ${s.place.total.toLocaleString("en-US")}`)];
}

/** Return how many attempts there are of the task, with the way to the others. */
function attemptLink(s, rollout) {
  const [at, of] = rollout.attempt || [1, 1];
  const words = h("span", { class: "fact" }, h("span", { class: "quiet" }, "attempt"), ` ${at} of ${of}`);
  if (of < 2) return [words];
  const button = (action, text) => h("button", { class: "small", type: "button", onclick: () => act(s, action) },
    h("kbd", { "aria-hidden": "true" }, keyOf(s, action)[0] || ""), text);
  return [words, button("attempt", "Next attempt"), button("compare", "Compare attempts")];
}

function fact(name, value) {
  const pair = h("div", { class: "fact" }, h("dt"), h("dd"));
  appendVisible(pair.firstChild, name);
  appendVisible(pair.lastChild, String(value));
  return pair;
}

/** Draw the other numbers of the line: on one line, which ends where the room ends, or all of them. */
function drawComponents(s, pairs) {
  const { components } = s.ui;
  const isAll = !!s.drawn.allComponents;
  const turnOver = () => { s.drawn.allComponents = !isAll; drawComponents(s, pairs); };
  const button = h("button", { class: "small", type: "button", "aria-expanded": String(isAll), onclick: turnOver }, isAll ? "Fewer" : `All ${pairs.length}`);
  const first = h("div", { class: "fact" }, h("dt", { class: "unseen-live" }, "numbers"), h("dd", {}, button));
  components.replaceChildren(...(pairs.length > FEW ? [first] : []), ...(isAll ? pairs : pairs.slice(0, 2 * FEW)).map(([name, value]) => fact(name, value)));
  components.dataset.all = String(isAll);
  components.hidden = !pairs.length;
}

/** Return the states of a rollout as [kind, sign, words]: the person's first, then the rule's. */
export function states(s, rollout) {
  const { decision } = rollout;
  const list = [];
  const who = decision && (decision.reviewer === s.data.reviewer ? "you" : decision.reviewer || "someone");
  if (decision && DONE[decision.verdict]) {
    const why = reasonWords(s, decision.reasons || []);
    const words = `${DONE[decision.verdict]} by ${who}${when(decision.at, " \u00b7 ")}${why ? `: ${why}` : ""}`;
    list.push([decision.verdict, SIGNS[decision.verdict], words]);
    if (decision.note) list.push(["note-badge", "", decision.note]);
  }
  const n = new Set([...Object.keys(rollout.marks || {}), ...(rollout.markedInData || []).map(String)]).size;
  if (n) list.push(["marks", "\u2298", `${counted(n, "answer")} not trained`]);
  const draft = draftOf(s, rollout.key);
  if (draft.note) list.push(["note-badge", "", `draft note (saved with your decision): ${draft.note}`]);
  if (rollout.blind || rollout.kept === undefined) return list;
  const ruled = rollout.dropReason && !/^rejected/.test(rollout.dropReason);
  const saved = decision && decision.verdict === "accept" && rollout.kept;
  if (ruled) list.push(["dropped", SIGNS.dropped, `${saved ? "kept despite" : "dropped"}: ${rollout.dropReason}`]);
  else if (!decision && rollout.kept) list.push(["kept", SIGNS.kept, "kept"]);
  else if (!decision) list.push(["dropped", SIGNS.dropped, rollout.dropReason || "dropped"]);
  return list;
}

export function badge(kind, sign, text) {
  const made = h("span", { class: `badge ${kind}` }, sign ? h("span", { class: "sign", "aria-hidden": "true" }, sign) : null);
  const words = h("span");
  appendVisible(words, text);
  made.append(words);
  return made;
}

function chip(text) {
  const made = h("span", { class: "chip" });
  appendVisible(made, text);
  return made;
}

export function announce(s, rollout) {
  clearTimeout(s.timers.speaking);
  s.timers.speaking = setTimeout(() => {
    const known = states(s, rollout).map(([, , words]) => words).join(", ");
    const place = s.place.visit ? `attempt ${rollout.attempt[0]}, not in this queue` : `rollout ${s.place.pos + 1} of ${s.place.total}`;
    s.ui.live.textContent = `${place}, ${rollout.blind ? HIDDEN : rewardWords(rollout.reward)}${known ? `, ${known}` : ""}`;
  }, 400);
}

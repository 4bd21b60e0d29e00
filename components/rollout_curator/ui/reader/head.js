// The header of a rollout on one row: place, reward, what keeps or drops it, facts; the rest of it behind a button.

import { keyOf } from "./bindings.js";
import { act } from "./keys.js";
import { draftOf, drawReasons } from "./reasons.js";
import { show } from "./show.js";
import { sayWritten } from "./side.js";
import { current } from "./state.js";
import { appendVisible, counted, h, rewardText, rewardWords } from "./text.js";
import { DONE, HIDDEN, reasonWords, SIGNS, when } from "./words.js";

const BRIEF = ["Agent", "Model", "Tokens"];

/** Write the header; without a rollout it says only where the reader is. */
export function head(s, rollout) {
  const { position, reward, badges, brief, flags, turns, attempt, where, more, copyKey } = s.ui;
  for (const part of [badges, brief, flags, position, attempt, where]) part.replaceChildren();
  for (const part of [reward, turns]) part.textContent = "";
  position.append(...whereInQueue(s, rollout));
  drawReasons(s, rollout);
  s.ui.root.dataset.verdict = rollout && rollout.decision ? rollout.decision.verdict : "";
  more.hidden = copyKey.hidden = !rollout;
  drawDetails(s, rollout);
  if (!rollout) return;
  reward.textContent = rollout.blind ? HIDDEN : rewardText(rollout.reward);
  reward.title = rollout.blind ? "" : rollout.reward === null ? rollout.rewardNote || "no reward" : `reward ${rollout.reward ?? "hidden"}`;
  reward.dataset.rated = String(!rollout.blind && rollout.reward !== null);
  turns.textContent = counted(rollout.turns.length, "turn");
  for (const [kind, sign, text] of states(s, rollout)) badges.append(badge(kind, sign, text));
  if (rollout.copies > 1) badges.append(badge("copies", "", `${rollout.copies} duplicates`, "They have the same content and share this decision"));
  for (const words of noticed(rollout)) flags.append(chip(words));
  attempt.append(...attemptLink(s, rollout));
  for (const [name, value] of rollout.facts || []) if (BRIEF.includes(name)) brief.append(briefFact(name, value));
  const place = h("bdi");
  appendVisible(place, rollout.place);
  where.append(place);
  where.title = rollout.where;
  sayWritten(s, rollout);
}

/** Return what was noticed about a rollout, in words: why its reward does not count, and its flags. */
function noticed(rollout) {
  const { rewardNote, dropReason, flags = [] } = rollout;
  return [...(rewardNote && !(dropReason && rewardNote.endsWith(dropReason)) ? [rewardNote] : []), ...flags];
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
  const words = h("span", {}, h("span", { class: "quiet" }, "attempt"), ` ${at} of ${of}`);
  if (of < 2) return [words];
  const button = (action, text) => h("button", { class: "small", type: "button", "aria-label": `${text} attempt${action === "compare" ? "s" : ""}`, onclick: () => act(s, action) },
    h("kbd", { "aria-hidden": "true" }, keyOf(s, action)[0] || ""), h("span", { class: "word" }, text));
  return [words, button("attempt", "Next"), button("compare", "Compare")];
}

/** Return a fact of the header: its value alone, tokens with their word. */
function briefFact(name, value) {
  const shown = h("span", { class: `brief-${name.toLowerCase()}`, title: `${name}: ${value}` });
  appendVisible(shown, name === "Tokens" ? `${value} tokens` : String(value));
  return shown;
}

function fact(name, value) {
  const pair = h("div", { class: "fact" }, h("dt"), h("dd"));
  appendVisible(pair.firstChild, name);
  appendVisible(pair.lastChild, String(value));
  return pair;
}

/** Draw what stands behind the button of the header: every fact, score and notice in full, the place, the key. */
function drawDetails(s, rollout) {
  const { details, facts, components, remarks, more } = s.ui;
  const isOpen = !!s.drawn.details && !!rollout;
  details.hidden = !isOpen;
  more.setAttribute("aria-expanded", String(isOpen));
  for (const part of [facts, components, remarks]) part.replaceChildren();
  if (!rollout) return;
  const scores = rollout.components || [];
  more.textContent = `${scores.length ? counted(scores.length, "score") : "Details"} ${isOpen ? "\u25b4" : "\u25be"}`;
  facts.append(...(rollout.facts || []).map(([name, value]) => fact(name, value)), fact("File", rollout.where), fact("Key", rollout.key));
  components.append(...scores.map(([name, value]) => fact(name, value)));
  components.hidden = !scores.length;
  for (const words of [...states(s, rollout).map(([, , text]) => text), ...noticed(rollout)]) remarks.append(chip(words));
}

/** Show or hide what stands behind the button of the header; it stays so from rollout to rollout. */
export function turnDetails(s) {
  s.drawn.details = !s.drawn.details;
  drawDetails(s, current(s));
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

export function badge(kind, sign, text, about = text) {
  const made = h("span", { class: `badge ${kind}`, title: about }, sign ? h("span", { class: "sign", "aria-hidden": "true" }, sign) : null);
  const words = h("span");
  appendVisible(words, text);
  made.append(words);
  return made;
}

function chip(text) {
  const made = h("span", { class: "chip", title: text });
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

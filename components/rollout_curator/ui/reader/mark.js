// Marks on single answers: which turns are not trained and why, and the key that sets a mark or takes it off.

import { head } from "./head.js";
import { asMark, keepPending } from "./pending.js";
import { draw, turnOptions } from "./show.js";
import { current, everyHeld } from "./state.js";
import { say } from "./status.js";
import { h } from "./text.js";
import { fateOf, fates } from "./turns.js";
import { askFor } from "./visit.js";

/** Return what becomes of a turn in words, with who marked it; `isOut` says that it is left untrained. */
export function saidOf(s, rollout, turn, fate) {
  const mark = turn.item === undefined ? undefined : (rollout.marks || {})[turn.item];
  const inData = (rollout.markedInData || []).includes(turn.item);
  const who = mark ? `marked by ${mark.reviewer === s.data.reviewer ? "you" : mark.reviewer || "someone"}` : inData ? "marked in the data" : "";
  const { untrained = [], writesMarks } = rollout.example || {};
  if (!who && !untrained.includes(fate.to)) return { words: fate.words, isOut: false };
  if (!who) return { words: "not trained", isOut: true };
  if (fate.words === "trained" && writesMarks === false) return { words: `${who}, but this target does not support marks: trained`, isOut: false };
  return { words: `not trained: ${who}`, isOut: true };
}

/** Return the button of an answer that sets its mark or takes it off; none where nothing can be marked. */
export function markButton(s, rollout, turn) {
  if (turn.item === undefined || (rollout.markedInData || []).includes(turn.item)) return null;
  const isMarked = !!(rollout.marks || {})[turn.item];
  return h("button", { class: "mark-turn", type: "button", "aria-pressed": String(isMarked), "aria-label": `Do not train turn ${turn.n}`,
    onclick: () => markTurn(s, turn) }, isMarked ? "Train this turn" : "Do not train");
}

/** Return the answer that the key is about: the turn at the top, else the first answer after it that is in view. */
function answerInView(s, rollout) {
  const bottom = s.ui.talk.getBoundingClientRect().bottom;
  const isSeen = (turn) => {
    const shown = s.ui.talk.querySelector(`.turn[data-n="${turn.n}"]`);
    return turn.n === s.drawn.turn + 1 || (shown && shown.getBoundingClientRect().top < bottom);
  };
  return rollout.turns.slice(s.drawn.turn).find((turn) => turn.role === "assistant" && isSeen(turn));
}

/** Mark an answer as not to be trained, or take the mark off; without one, the answer in view. */
export function markTurn(s, chosen) {
  const rollout = current(s);
  if (!rollout || s.drawn.key !== rollout.key) return say(s, "not loaded yet");
  const turn = chosen || answerInView(s, rollout);
  if (!turn) return say(s, "no assistant turn in view; only these are trained");
  if (turn.item === undefined) return say(s, "this rollout cannot be converted; nothing to mark");
  if ((rollout.markedInData || []).includes(turn.item)) return say(s, `turn ${turn.n} is marked in the data; data is never changed`);
  const before = (rollout.marks || {})[turn.item] || null;
  const entry = { kind: "decide", reviewer: s.data.reviewer, key: rollout.key, pos: rollout.pos, item: turn.item,
    verdict: before ? "clear" : "mark", reasons: [], note: "", expected: before ? before.id : null };
  const step = { pos: rollout.pos, key: rollout.key, item: turn.item, before, after: { ...entry, made: new Date().toISOString() } };
  s.saving.made.push(step);
  s.saving.undone = [];
  applyMark(s, step.key, step.item, asMark(s, step.after));
  step.seq = s.saving.outbox.add(entry);
  say(s, `turn ${turn.n} is ${before ? "trained again" : "not trained"}`);
}

/** Put a mark on one answer of everything held of the same content, or take it off. */
export function applyMark(s, key, item, mark) {
  for (const rollout of everyHeld(s)) {
    if (rollout.key !== key) continue;
    const { [item]: gone, ...others } = rollout.marks || {};
    rollout.marks = mark ? { ...others, [item]: mark } : others;
  }
  showMarks(s, key);
}

/** Take over the marks of a content as the server has them. */
export function applyMarks(s, key, marks) {
  for (const rollout of everyHeld(s)) if (rollout.key === key) rollout.marks = marks;
  showMarks(s, key);
}

/** Write anew what becomes of the turns that are shown. */
function showMarks(s, key) {
  const rollout = current(s);
  if (!rollout || rollout.key !== key || s.drawn.key !== key) return;
  head(s, rollout);
  for (const shown of s.ui.talk.querySelectorAll(".turn")) {
    const turn = rollout.turns[Number(shown.dataset.n) - 1];
    if (turn && turn.role === "assistant") shown.querySelector(".fates").replaceWith(fates(turn, fateOf(turn), turnOptions(s, rollout), shown));
  }
}

/** The example came again from the server: show it, and what becomes of the turns now. */
export function renewed(s, rollout) {
  if (s.drawn.example === exampleState(rollout)) return head(s, rollout);
  const { talk } = s.ui;
  const top = talk.scrollTop, { turn } = s.drawn;
  draw(s, rollout);
  if (top) s.drawn.drawing.finish();
  talk.scrollTop = top;
  s.drawn.turn = turn;
  s.drawn.jumped = Date.now();
}

/** Return what tells one example of a rollout from another after a mark. */
export function exampleState(rollout) {
  const { bytes, skip, untrained } = rollout.example || {};
  return JSON.stringify([bytes, skip, untrained]);
}

/** Ask again for a rollout that is read beside the queue, once its marks changed. */
export async function renewVisit(s, key) {
  if (!s.place.visit || s.place.visit.key !== key) return;
  try {
    const { rollout } = await askFor(s, "rollout", key);
    if (!s.place.visit || s.place.visit.key !== key) return;
    keepPending(s, rollout);
    renewed(s, (s.place.visit = rollout));
  } catch { /* what is shown stays; the mark itself is saved */ }
}

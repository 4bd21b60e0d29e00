// Deciding: what a press changes here at once, and what the server's answer changes later.

import { laneHeads } from "./compare.js";
import { head } from "./head.js";
import { applyMark, applyMarks, renewVisit } from "./mark.js";
import { asDecision, asMark } from "./pending.js";
import { draftOf, keepDraft, noteOf, reasonsOf } from "./reasons.js";
import { refreshPage, restartedAs, show } from "./show.js";
import { current, everyHeld } from "./state.js";
import { last, saveState, say } from "./status.js";
import { appendVisible, h } from "./text.js";
import { visit } from "./visit.js";
import { DONE, SIGNS, when } from "./words.js";

/** Record a verdict on the rollout that is shown, and move on. */
export function decide(s, verdict) {
  const rollout = current(s);
  if (!rollout || s.drawn.key !== rollout.key) return say(s, "not loaded yet");
  if (verdict === "clear" && !rollout.decision) return say(s, "nothing to clear");
  const { decision } = rollout;
  const kept = decision && decision.verdict === "accept" ? decision.reasons : [];
  const reasons = { reject: reasonsOf(s, rollout), accept: kept, clear: [] }[verdict];
  const dropped = verdict === "accept" ? draftOf(s, rollout.key).reasons : null;
  record(s, rollout, verdict, reasons, verdict === "clear" ? "" : noteOf(s, rollout));
  const done = `${SIGNS[verdict] || ""} ${numberOf(s, rollout)}${withCopies(rollout)} ${DONE[verdict]}`.trim();
  last(s, dropped ? `${done}; its reason was not saved: reasons go with a rejection` : done);
  if (s.preferences.advance && verdict !== "clear") moveOn(s);
}

function moveOn(s) {
  if (s.place.visit) return show(s, s.place.pos);
  if (s.place.pos + 1 < s.place.total) return show(s, s.place.pos + 1);
  say(s, "end of queue");
}

function withCopies({ copies }) {
  return copies > 1 ? ` and ${copies - 1} duplicate${copies === 2 ? "" : "s"}` : "";
}

function numberOf(s, rollout) {
  return rollout.pos === null ? `attempt ${rollout.attempt[0]}` : `#${rollout.pos + 1}`;
}

/** Show a decision at once and send it on its way; `way` says how it came about. */
export function record(s, rollout, verdict, reasons, note, way = "read") {
  const expected = rollout.decision ? rollout.decision.id : null;
  const entry = { kind: "decide", reviewer: s.data.reviewer, key: rollout.key, pos: rollout.pos, verdict, reasons: [...reasons], note: note || "", expected, way };
  const step = { pos: rollout.pos, key: rollout.key, before: rollout.decision, after: { ...entry, made: new Date().toISOString() } };
  s.saving.made.push(step);
  s.saving.undone = [];
  keepDraft(s, rollout.key, null);
  rollout.decision = asDecision(s, step.after);
  apply(s, rollout.key, rollout.decision);
  step.seq = s.saving.outbox.add(entry);
}

/** Take back or make again; the server keeps the history, this page shows it at once where it knows. */
export function turn(s, kind) {
  const [from, to] = kind === "undo" ? [s.saving.made, s.saving.undone] : [s.saving.undone, s.saving.made];
  const step = from.pop();
  const nothing = { verdict: null, reasons: [], note: "", expected: null };
  const entry = { kind, reviewer: s.data.reviewer, key: step ? step.key : null, pos: step ? step.pos : null, ...nothing };
  if (step) {
    to.push(step);
    if (step.item !== undefined) applyMark(s, step.key, step.item, kind === "undo" ? step.before : asMark(s, step.after));
    else apply(s, step.key, kind === "undo" ? step.before : asDecision(s, step.after));
    if (step.item !== undefined && current(s)?.key === step.key) { /* it is shown already */ }
    else if (step.pos === null) visit(s, step.key);
    else show(s, step.pos);
    last(s, `${step.pos === null ? "an attempt" : `#${step.pos + 1}`} ${kind === "undo" ? "undone" : "redone"}`);
  } else if (kind === "redo") return say(s, "nothing to redo");
  else s.place.asked = s.place.pos;
  s.saving.outbox.add(entry);
}

/** Put a decision on everything held of the same content. */
function apply(s, key, decision) {
  for (const rollout of everyHeld(s)) if (rollout.key === key) rollout.decision = decision;
  const here = current(s);
  if (here && here.key === key) head(s, here);
  if (s.comparing) laneHeads(s);
}

/** Hear from an outbox: what is saved, what is not, and what someone else decided meanwhile. */
export function told(s, event, outbox, answer, entries) {
  if (event === "failed") {
    s.saving.trouble = answer;
    if (answer.status === 401 || answer.status === 403) refreshPage(s);
  }
  if (event === "unfit") refused(s, { ...entries[0], refused: answer.message, elsewhere: true }, entries[0], outbox);
  if (event === "acked") {
    s.saving.trouble = null;
    s.saving.version = answer.version;
    if (!outbox.queue.length && outbox !== s.saving.outbox) { s.saving.others = s.saving.others.filter((other) => other !== outbox); s.saving.outbox.flush(); }
    for (const result of answer.results || []) settle(s, result, entries.find((entry) => entry.seq === result.seq), outbox);
    restartedAs(s, answer.boot);
    clearTimeout(s.timers.telling);
    s.timers.telling = setTimeout(() => s.page.parent && s.page.send.setTriggerValue("decided", s.saving.version), 700);
  }
  saveState(s);
}

function settle(s, result, entry, outbox) {
  if (result.refused) return refused(s, result, entry, outbox);
  const waits = outbox.queue.some((later) => later.kind !== "decide" || later.key === result.key);
  if (result.conflict) {
    conflict(s, result, entry);
    if (outbox === s.saving.outbox) s.saving.made = s.saving.made.filter((step) => step.seq !== result.seq);
  }
  if (result.key && !waits) {
    apply(s, result.key, result.decision);
    applyMarks(s, result.key, result.marks || {});
    refetch(s, result.key, entry);
    if (typeof result.item === "number") renewVisit(s, result.key);
  }
  if (!entry || entry.kind === "decide" || outbox !== s.saving.outbox) return;
  if (result.nothing) return last(s, `nothing to ${entry.kind}`);
  const moved = entry.key === null || entry.key !== result.key;
  if (moved && typeof result.pos === "number" && (s.place.asked === undefined || s.place.asked === s.place.pos)) show(s, result.pos);
  else if (moved && !result.conflict) elsewhere(s, result, entry);
  if (result.count > 1) last(s, `${result.count.toLocaleString("en-US")} rollouts ${entry.kind === "undo" ? "undone" : "redone"} in one step`);
  s.place.asked = undefined;
}

/** Say which rollout outside the queue an undo or redo reached, and offer to show it. */
function elsewhere(s, result, entry) {
  const text = h("span");
  const now = result.decision ? DONE[result.decision.verdict] : "undecided";
  const what = typeof result.item === "number" ? `the mark on a turn of ${nameOf(result)}` : `${nameOf(result)} is ${now} again`;
  appendVisible(text, `${entry.kind === "undo" ? "Undone" : "Redone"}: ${what} (not in this queue).`);
  last(s, `${entry.kind} done outside this queue`);
  notify(s, text, result);
}

/** After anything but a rejection the server's own words are needed: kept or dropped, and by what. */
function refetch(s, key, entry) {
  const plain = entry && entry.kind === "decide" && entry.verdict === "reject";
  for (const [pos, { rollout }] of s.shelf.held) {
    if (rollout.key !== key || (plain && !rollout.blind)) continue;
    if (rollout.blind || rollout.dropReason || entry?.verdict !== "accept") s.shelf.fetch(pos, 1, s.source, s.place.pos);
  }
}

function conflict(s, result, entry) {
  const theirs = result.conflict;
  const text = h("span");
  const who = theirs.reviewer === s.data.reviewer ? "you, in another window," : theirs.reviewer || "someone";
  const isMark = typeof result.item === "number";
  const mine = entry && entry.kind === "decide" ? `Your ${isMark ? "change" : entry.verdict} was not saved.` : "Nothing was changed.";
  const which = nameOf(result);
  const did = isMark ? `${theirs.verdict === "mark" ? "already marked that turn as not trained" : "already removed that mark"}` : `already ${DONE[theirs.verdict] || theirs.verdict} it`;
  appendVisible(text, `${which}: ${who} ${did}${when(theirs.at, " at ")}. ${mine}`);
  last(s, `${which} unchanged`);
  notify(s, text, result);
}

/** Say that an entry will never be saved and why, and show the rollout as the server has it. */
function refused(s, result, entry, outbox) {
  const words = result.elsewhere ? `not saved now: ${result.refused}; stored in this browser` : `not saved: ${result.refused}`;
  say(s, `${nameOf(result)} ${words}`);
  if (outbox === s.saving.outbox) for (const name of ["made", "undone"]) s.saving[name] = s.saving[name].filter((step) => step.seq !== result.seq);
  for (const [at, { rollout }] of s.shelf.held) if (entry && rollout.key === entry.key) s.shelf.fetch(at, 1, s.source, s.place.pos);
  if (result.elsewhere) return;
  const text = h("span");
  appendVisible(text, `${nameOf(result)} was not saved: ${result.refused}`);
  notify(s, text, result);
}

function nameOf(result) {
  if (typeof result.pos === "number") return `Rollout ${(result.pos + 1).toLocaleString("en-US")}`;
  return result.where || "A rollout";
}

/** Put words above the reading that stay until they are dismissed. */
export function notify(s, text, result) {
  const notice = h("div", { class: "notice", role: "alert" }, text);
  const look = () => (typeof result.pos === "number" ? show(s, result.pos) : visit(s, result.key));
  if (result && (typeof result.pos === "number" || result.where)) notice.append(h("button", { class: "small", type: "button", onclick: look }, "Review"));
  notice.append(h("button", { class: "small", type: "button", onclick: () => notice.remove() }, "Dismiss"));
  s.ui.notices.append(notice);
}

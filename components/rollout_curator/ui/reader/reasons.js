// What a person thinks of a rollout before and beside the verdict: reasons by digit, and a note.
// Before there is a verdict both wait in the browser's storage; on a verdict that stands they are recorded at once.

import { keyOf } from "./bindings.js";
import { record } from "./decide.js";
import { seatReasons } from "./frame.js";
import { head } from "./head.js";
import { current } from "./state.js";
import { last, say } from "./status.js";
import { appendVisible, h } from "./text.js";

const DRAFTS = "rollout-curator.drafts.";

/** Return the reasons and the note that wait for a verdict on a rollout; `null` stands for none given. */
export function draftOf(s, key) {
  return draftsOf(s)[key] || { reasons: null, note: null };
}

function draftsOf(s) {
  const place = DRAFTS + (s.data.store || "");
  if (s.saving.drafts && s.saving.draftsPlace === place) return s.saving.drafts;
  s.saving.draftsPlace = place;
  try { s.saving.drafts = JSON.parse(localStorage.getItem(place)) || {}; } catch { s.saving.drafts = {}; }
  return s.saving.drafts;
}

export function keepDraft(s, key, draft) {
  const drafts = draftsOf(s);
  if (draft) drafts[key] = draft;
  else if (drafts[key]) delete drafts[key];
  else return;
  try { localStorage.setItem(s.saving.draftsPlace, JSON.stringify(drafts)); } catch { /* it stays on this page */ }
}

/** Return the reasons that a rejection of this rollout would carry now. */
export function reasonsOf(s, rollout) {
  const { decision } = rollout;
  return draftOf(s, rollout.key).reasons || (decision && decision.verdict === "reject" ? decision.reasons : []);
}

/** Return the note that the next decision on this rollout would carry. */
export function noteOf(s, rollout) {
  return draftOf(s, rollout.key).note ?? (rollout.decision ? rollout.decision.note : "");
}

/** Draw the reasons a rejection can name, when the page offers some. */
export function drawReasons(s, rollout) {
  const offered = (s.data.reasons || []).slice(0, 9);
  s.ui.reasons.hidden = !offered.length || !rollout;
  if (!rollout) return s.ui.reasons.replaceChildren();
  const chosen = reasonsOf(s, rollout);
  const isAsked = s.drawn.why || chosen.length > 0;
  s.ui.foot.dataset.why = String(isAsked);
  s.ui.why.hidden = !offered.length;
  s.ui.why.replaceChildren(h("kbd", { "aria-hidden": "true" }, `1\u2013${offered.length}`), `Reasons ${isAsked ? "\u25be" : "\u25b4"}`);
  s.ui.why.setAttribute("aria-expanded", String(isAsked));
  const shape = JSON.stringify([offered, chosen]);
  if (s.drawn.reasonShape === shape && s.ui.reasons.childElementCount) return;
  s.drawn.reasonShape = shape;
  const rows = offered.map((reason, at) => {
    const row = h("button", { class: "reason", type: "button", "aria-pressed": String(chosen.includes(reason.tag)),
      title: "Set before rejecting", onclick: () => toggleReason(s, at) }, h("kbd", { "aria-hidden": "true" }, String(at + 1)));
    const words = h("span");
    appendVisible(words, reason.label);
    row.append(words);
    return row;
  });
  s.ui.reasons.replaceChildren(...rows);
  const words = rows.map((row) => row.textContent).join("\n");
  if (s.drawn.offered === words) return;
  s.drawn.offered = words;
  seatReasons(s);
}

/** Show the reasons where they have no room beside the verdicts, or put them away. */
export function askWhy(s) {
  s.drawn.why = !s.drawn.why;
  drawReasons(s, current(s));
}

/** Add or take away a reason: of a rejection that stands at once, else of the one to come. */
export function toggleReason(s, at) {
  const reason = (s.data.reasons || [])[at];
  const rollout = current(s);
  if (!reason || !rollout) return;
  const before = reasonsOf(s, rollout);
  const has = before.includes(reason.tag);
  const after = has ? before.filter((tag) => tag !== reason.tag) : [...before, reason.tag];
  const { decision } = rollout;
  if (decision && decision.verdict === "reject") {
    record(s, rollout, "reject", after, decision.note);
    return last(s, has ? `reason “${reason.label}” removed` : `rejected for ${reason.label}`);
  }
  keepDraft(s, rollout.key, { ...draftOf(s, rollout.key), reasons: after.length ? after : null });
  drawReasons(s, rollout);
  say(s, has ? `reason “${reason.label}” removed` : `reason “${reason.label}” set: press ${keyOf(s, "reject")[0] || "reject"} to reject`);
}

// ---- the note

export function openNote(s) {
  const rollout = current(s);
  if (!rollout) return say(s, "not loaded yet");
  s.drawn.noting = rollout.key;
  s.ui.noteBox.value = noteOf(s, rollout);
  s.ui.noteBar.hidden = false;
  s.ui.noteBox.focus();
}

export function closeNote(s) {
  if (s.ui.noteBar.hidden) return;
  s.ui.noteBar.hidden = true;
  s.drawn.noting = null;
  s.ui.talk.focus({ preventScroll: true });
}

/** Keep what was written: with the verdict that stands, or until there is one. */
export function saveNote(s) {
  const rollout = current(s);
  const note = s.ui.noteBox.value.trim();
  if (!rollout || rollout.key !== s.drawn.noting) return closeNote(s);
  closeNote(s);
  if (note === noteOf(s, rollout)) return;
  const { decision } = rollout;
  if (decision) {
    record(s, rollout, decision.verdict, decision.reasons, note);
    return last(s, note ? "note added" : "note removed");
  }
  keepDraft(s, rollout.key, { ...draftOf(s, rollout.key), note: note || null });
  head(s, rollout);
  say(s, note ? "draft note: saved with your decision" : "note removed");
}

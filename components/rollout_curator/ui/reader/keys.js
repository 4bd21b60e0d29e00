// The keys of the reader: which key means what, when keys rest, what each one does.

import { closeCompare, compare, keepLane } from "./compare.js";
import { decide, turn } from "./decide.js";
import { foldAll, jump, openFind } from "./find.js";
import { cycleTab } from "./frame.js";
import { openHelp } from "./help.js";
import { markTurn } from "./mark.js";
import { openNote, toggleReason } from "./reasons.js";
import { show } from "./show.js";
import { nextShape } from "./side.js";
import { say } from "./status.js";
import { firstDifference, nextAttempt } from "./visit.js";

const REPEATS = ["next", "previous", "turnNext", "turnPrevious"];
const WHILE_COMPARING = ["next", "previous", "first", "last", "undo", "redo", "compare", "difference", "help", "fold"];

/** Return whether a key press is meant for a field, a menu or a dialog, not for the reader. */
function isTyping(event) {
  const [target] = event.composedPath();
  if (!(target instanceof Element)) return false;
  const tag = target.tagName;
  if (tag === "INPUT") return !["checkbox", "radio", "button", "range", "submit"].includes(target.type);
  return tag === "TEXTAREA" || tag === "SELECT" || target.isContentEditable;
}

/** Return the action of a key press, also with caps lock or on a keyboard of another script. */
function actionOf(s, event) {
  const found = s.keymap.get(event.key);
  if (found) return found;
  if (/^[A-Z]$/.test(event.key) && !event.shiftKey) return s.keymap.get(event.key.toLowerCase());
  const code = /^Key([A-Z])$/.exec(event.code || "");
  if (!code || event.key.charCodeAt(0) < 128) return undefined;
  return s.keymap.get(event.shiftKey ? code[1] : code[1].toLowerCase());
}

/** Return whether a dialog lies over the page; the one that says the connection is lost does not end the reading. */
function isCovered() {
  const dialog = document.querySelector("[data-testid=stDialog], [role=dialog][aria-modal=true]");
  return !!dialog && dialog.querySelector("h2")?.textContent !== "Connection error";
}

export function pressed(s, event) {
  if (!s.page.parent || !s.ui.root.isConnected || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event)) return;
  if (s.ui.help.open) { if (actionOf(s, event) === "help") { event.preventDefault(); s.ui.help.close(); } return; }
  if (isCovered()) return;
  const digit = /^[1-9]$/.test(event.key) && !s.preferences.keysOff && (s.comparing || (s.data.reasons || []).length);
  const action = digit ? "digit" : event.key === "Escape" && s.comparing ? "compare" : actionOf(s, event);
  if (!action) return scrollBy(s, event);
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.repeat && !REPEATS.includes(action)) return;
  if (!digit) return act(s, action);
  if (s.comparing) keepLane(s, Number(event.key) - 1);
  else toggleReason(s, Number(event.key) - 1);
}

/** Let the keys that scroll act on the conversation when nothing else has the focus. */
function scrollBy(s, event) {
  const [target] = event.composedPath();
  if (target !== document.body && target !== s.ui.talk) return;
  const narrow = !s.page.wide && s.ui.root.dataset.tab !== "conversation" ? s.ui.side : s.ui.talk;
  const pane = s.comparing ? s.ui.lanes : narrow;
  if (event.key === "End") s.drawn.drawing?.finish();
  const page = pane.clientHeight * 0.9;
  const whole = pane.scrollHeight;
  const ways = { " ": event.shiftKey ? -page : page, PageDown: page, PageUp: -page, ArrowDown: 60, ArrowUp: -60, End: whole, Home: -whole };
  const by = ways[event.key];
  if (by === undefined) return;
  event.preventDefault();
  pane.scrollBy({ top: by });
}

/** Do what a key or a button names. */
export function act(s, action) {
  if (s.comparing && !WHILE_COMPARING.includes(action)) return say(s, `comparing: press 1–${s.comparing.lanes.length} to choose an attempt, Esc to close`);
  const deeds = {
    reject: () => decide(s, "reject"), accept: () => decide(s, "accept"), clear: () => decide(s, "clear"), note: () => openNote(s),
    mark: () => markTurn(s),
    undo: () => turn(s, "undo"), redo: () => turn(s, "redo"),
    next: () => step(s, 1), previous: () => step(s, -1), first: () => show(s, 0), last: () => show(s, s.place.total - 1),
    attempt: () => nextAttempt(s), difference: () => firstDifference(s), compare: () => (s.comparing ? closeCompare(s) : compare(s)),
    turnNext: () => jump(s, s.drawn.turn + 1), turnPrevious: () => jump(s, s.drawn.turn - 1),
    find: () => openFind(s), tab: () => cycleTab(s), shape: () => nextShape(s), fold: () => foldAll(s), help: () => openHelp(s),
  };
  deeds[action]?.();
}

function step(s, by) {
  const to = s.place.visit && s.place.unseen && by > 0 ? s.place.pos : s.place.pos + by;
  if (to < 0) return say(s, "this is the first rollout");
  if (to >= s.place.total) return say(s, "this is the last rollout");
  show(s, to);
}

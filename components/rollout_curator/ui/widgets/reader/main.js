// The reader: mounts once, then lives beside Streamlit's reruns; every key acts on what is already here.
// Streamlit calls the default export again on each change of `data`; the state below outlives that.

import { closeCompare } from "./compare.js";
import { asDecision, told } from "./decide.js";
import { closeFind, copyWith, jump } from "./find.js";
import { fit, layout, legend, saveState, widen } from "./frame.js";
import { announce, head } from "./head.js";
import { keymap, pressed } from "./keys.js";
import { asMark, exampleState, markButton, renewed, saidOf } from "./mark.js";
import { missing, nameInUrl, openLink, renew, report, stay } from "./place.js";
import { closeNote, saveNote } from "./reasons.js";
import { side, toMessage } from "./side.js";
import { freshId, leftBehind, Outbox, Shelf } from "./store.js";
import { h } from "./text.js";
import { drawRail, drawTurns, turnText } from "./turns.js";
import { current } from "./visit.js";

const READERS = new Map();
const PREFERENCES = "rollout-curator.reader";
export default function (component) {
  const { key, data, parentElement } = component;
  let s = READERS.get(key);
  if (!s) READERS.set(key, (s = newState(data)));
  s.send = component;
  if (s.parent !== parentElement || !parentElement.contains(s.ui.root)) attach(s, parentElement);
  take(s, data);
  return () => detach(s, parentElement);
}

/** Return the state of a reader that shows nothing yet. */
function newState(data) {
  const s = { data: {}, pos: 0, total: 0, boot: "", undone: [], made: [], reported: new Set(), visit: null, comparing: null, shown: "" };
  s.preferences = { advance: true, tab: "conversation", reasoning: false, ...stored() };
  s.shelf = new Shelf((answer, from) => arrived(s, answer, from), (error, from, wait) => failed(s, error, from, wait));
  s.tell = (event, outbox, ...more) => told(s, event, outbox, ...more);
  s.outbox = new Outbox(freshId(), data.store || "", s.tell);
  s.outbox.mustWait = () => s.others.some((other) => other.queue.length);
  s.others = [];
  return s;
}

function stored() {
  try { return JSON.parse(localStorage.getItem(PREFERENCES)) || {}; } catch { return {}; }
}

export function remember(s) {
  try { localStorage.setItem(PREFERENCES, JSON.stringify(s.preferences)); } catch { /* then it is asked anew */ }
}

/** Put the reader's DOM under the element Streamlit gives, listening there and nowhere else. */
function attach(s, parent) {
  s.off?.();
  s.parent = parent;
  s.ui = layout(s);
  s.drawnKey = null;
  (parent.querySelector(".rc-mount") || parent).replaceChildren(s.ui.root);
  const listening = new AbortController();
  const on = (target, name, act, capture = false) => target.addEventListener(name, act, { signal: listening.signal, capture });
  on(document, "keydown", (event) => pressed(s, event), true);
  on(window, "resize", () => fit(s));
  on(window, "online", () => s.outbox.flush());
  on(window, "pagehide", () => s.outbox.lastTry());
  const watch = new ResizeObserver(([entry]) => widen(s, entry.contentRect.width));
  watch.observe(s.ui.root);
  s.off = () => { listening.abort(); watch.disconnect(); s.off = null; };
  widen(s, s.ui.root.getBoundingClientRect().width || 1200);
  fit(s);
  requestAnimationFrame(() => fit(s));
  if (document.activeElement === document.body) s.ui.talk.focus({ preventScroll: true });
}

function detach(s, parent) {
  if (s.parent !== parent) return;
  s.off?.();
  s.drawing?.stop();
  for (const timer of [s.slow, s.again, s.reporting, s.telling, s.speaking, s.naming, s.renewing]) clearTimeout(timer);
  s.parent = null;
  s.drawnKey = null;
  s.shelf.reset(s.data.view);
}

/** Take what the page sends: a new queue or place is shown, anything else is only noted. */
function take(s, data) {
  const before = s.data;
  s.data = data;
  s.source = { base: (data.base || "").replace(/\/$/, ""), token: data.token, view: data.view };
  s.keymap = keymap(s);
  for (const outbox of [s.outbox, ...s.others]) outbox.source = s.source;
  if (!s.looked) { s.looked = true; s.others = leftBehind(s.outbox.store, s.tell); for (const other of s.others) other.source = s.source; }
  const elsewhere = data.start !== before.start && !s.reported.has(data.start);
  const restarted = s.boot !== data.boot && before.boot !== data.boot;
  legend(s);
  const anew = s.ui.root.isConnected && data.queue && data.queue === before.queue && data.view !== before.view && s.shelf.held.size > 0;
  if (!anew && !s.moving) s.total = data.total;
  if (anew) stay(s, data);
  else if (data.view !== before.view || restarted) {
    s.total = data.total;
    if (data.view !== before.view) { s.pos = data.start || 0; s.made = []; s.undone = []; }
    begin(s, data);
    if (data.visit && data.visit !== before.visit) openLink(s, data.visit);
    else show(s, s.pos);
  } else if (s.moving) { /* reading goes on under the old numbers */
  } else if (elsewhere) { s.reported = new Set(); show(s, data.start); }
  else if (s.drawnKey === null) show(s, s.pos);
  else { if (s.pos >= s.total) show(s, s.total - 1); else head(s, current(s)); s.shelf.want(s.pos, s.total, s.source); }
  if (data.missing && data.missing !== before.missing) missing(s, data.missing);
  saveState(s);
  requestAnimationFrame(() => s.parent && fit(s));
  for (const outbox of [s.outbox, ...s.others]) outbox.flush();
}

/** Forget what is held of another view. */
function begin(s, data) {
  s.boot = data.boot;
  s.moving = null;
  s.reported = new Set();
  s.drawnKey = null;
  s.shelf.reset(data.view);
}

// ---- moving and showing

/** Show the rollout at a position, from what is held; what is not held is asked for. */
export function show(s, pos) {
  const { root } = s.ui;
  if (!s.ui.noteBar.hidden) saveNote(s);
  s.pos = Math.max(0, Math.min(pos, s.total - 1));
  s.visit = s.wanted = null;
  s.unseen = false;
  closeCompare(s);
  if (s.total <= 0) return blank(s, "empty");
  const rollout = s.shelf.get(s.pos);
  root.dataset.pos = s.pos;
  root.dataset.key = rollout ? rollout.key : "";
  if (!rollout) {
    clearTimeout(s.slow);
    s.drawnKey = null;
    s.slow = setTimeout(() => { if (!s.shelf.held.has(s.pos)) blank(s, "loading"); }, s.shown ? 120 : 0);
  } else draw(s, rollout);
  s.shelf.want(s.pos, s.total, s.source);
  renew(s);
  nameInUrl(s);
  report(s);
}

export function draw(s, rollout) {
  const { root, talk, rail } = s.ui;
  clearTimeout(s.slow);
  s.drawing?.stop();
  closeFind(s);
  closeNote(s);
  root.dataset.state = "reading";
  head(s, rollout);
  const prompt = rollout.turns.findIndex((turn) => turn.role === "system" || turn.role === "developer");
  const said = prompt < 0 ? "" : turnText(rollout.turns[prompt]);
  const same = said.length > 200 && said === s.prompt && rollout.row !== s.promptRow;
  s.prompt = said;
  s.promptRow = rollout.row;
  const end = h("div", { class: "end", "data-testid": "end-of-rollout" }, "end of the rollout");
  talk.replaceChildren();
  talk.scrollTop = 0;
  s.turn = 0;
  s.drawing = drawTurns(talk, rollout.turns, { ...turnOptions(s, rollout), foldedAt: same ? prompt : -1, end });
  drawRail(rail, rollout.turns, (n) => jump(s, n - 1));
  s.drawnKey = rollout.key;
  s.drawnExample = exampleState(rollout);
  s.shown = rollout.key;
  s.sideFor = null;
  side(s);
  announce(s, rollout);
}

/** Return how the turns of a rollout are drawn. */
export function turnOptions(s, rollout) {
  return {
    openReasoning: s.preferences.reasoning, changes: changesByTurn(rollout.example),
    copy: (text, button) => copyWith(s, text, button), toMessage: (at) => toMessage(s, at),
    said: (turn, fate) => saidOf(s, rollout, turn, fate), mark: (turn) => markButton(s, rollout, turn),
  };
}

/** Return what the example changes, by the number of the turn. */
function changesByTurn(example) {
  const found = new Map();
  for (const { turn, words } of (example || {}).changed || []) found.set(turn, [...(found.get(turn) || []), words]);
  return found;
}

/** Show that there is nothing to read, and what to do. */
export function blank(s, state, text) {
  const { root, talk, rail, side: beside } = s.ui;
  s.drawing?.stop();
  root.dataset.state = state;
  head(s, null);
  rail.replaceChildren();
  beside.replaceChildren();
  s.sideFor = null;
  const says = {
    empty: ["No rollouts in this queue.", "Nothing matches it. Choose another queue, or widen the filter on the Rewards page."],
    loading: [`Loading ${s.pos + 1} of ${s.total.toLocaleString("en-US")}`, ""],
    error: ["This rollout could not be loaded.", text || ""],
  }[state];
  const box = h("div", { class: "blank", role: state === "error" ? "alert" : "status" },
    h("p", { class: "blank-title" }, says[0]), h("p", { class: "quiet" }, says[1]));
  const again = () => s.shelf.want(s.pos, s.total, s.source);
  if (state === "error") box.append(h("button", { class: "small", type: "button", onclick: again }, "try again"));
  if (state === "loading") box.append(h("div", { class: "bones", "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("i")));
  talk.replaceChildren(box);
  s.drawnKey = null;
}

function arrived(s, answer, from) {
  restartedAs(s, answer.boot);
  if (typeof answer.total === "number" && answer.total !== s.total) { s.total = answer.total; if (s.pos >= s.total) return show(s, s.total - 1); }
  for (const entry of s.shelf.held.values()) keepPending(s, entry.rollout);
  if (!answer.rollouts.length && from === s.pos) return blank(s, "error", "The server sent nothing for it.");
  const here = s.shelf.held.get(s.pos);
  if (here && s.parent && !s.visit) {
    if (s.drawnKey !== here.rollout.key) show(s, s.pos);
    else renewed(s, here.rollout);
  }
  s.shelf.want(s.pos, s.total, s.source);
  s.ui.root.dataset.ahead = s.shelf.ahead(s.pos);
}

/** A decision that is still on its way shows on rollouts that arrive meanwhile. */
export function keepPending(s, rollout) {
  const own = s.outbox.queue.filter((entry) => entry.key === rollout.key && entry.kind === "decide");
  const waiting = own.filter((entry) => entry.item === undefined).pop();
  if (waiting) rollout.decision = asDecision(s, waiting);
  for (const entry of own) if (entry.item !== undefined) {
    const { [entry.item]: gone, ...others } = rollout.marks || {};
    rollout.marks = entry.verdict === "mark" ? { ...others, [entry.item]: asMark(s, entry) } : others;
  }
}

function failed(s, error, from, wait) {
  if (error.status === 401 || error.status === 403) refreshPage(s);
  if (s.parent && !s.shelf.held.has(s.pos)) blank(s, "error", `${plainly(error)}. Trying again.`);
  clearTimeout(s.again);
  s.again = setTimeout(() => s.shelf.want(s.pos, s.total, s.source), wait);
}

export function plainly(error) {
  return error.status ? error.message : "The server is not reachable";
}

export function restartedAs(s, boot) {
  if (!boot || boot === s.boot || s.moving) return;
  const known = s.boot;
  s.boot = boot;
  if (!known) return;
  s.shelf.reset(s.data.view);
  s.shelf.want(s.pos, s.total, s.source);
}

/** Make the page run again, so that it sends what is valid now; not more than every 3 s. */
export function refreshPage(s) {
  if (Date.now() - (s.refreshed || 0) < 3000) return;
  s.refreshed = Date.now();
  s.send.setTriggerValue("stale", s.refreshed);
}

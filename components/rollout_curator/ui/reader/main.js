// The reader: mounts once, then lives beside Streamlit's reruns; every key acts on what is already here.
// Streamlit calls the default export again on each change of `data`; the state below outlives that.
// Modules may import each other in a ring (a key shows a rollout, which draws buttons that act like keys), so none of
// them calls another while it is loaded.

import { keymap } from "./bindings.js";
import { told } from "./decide.js";
import { fit, layout, legend, widen } from "./frame.js";
import { head } from "./head.js";
import { pressed } from "./keys.js";
import { renewed } from "./mark.js";
import { keepPending } from "./pending.js";
import { missing, openLink, stay, tell } from "./place.js";
import { pageToTop } from "./scroll.js";
import { blank, refreshPage, restartedAs, show } from "./show.js";
import { current, newState } from "./state.js";
import { saveState } from "./status.js";
import { leftBehind } from "./store.js";
import { plainly } from "./words.js";

/** @type {Map<string, import("./state.js").State>} */
const READERS = new Map();

/**
 * Take what Streamlit sends, and put the reader where it says.
 *
 * @param {{key: string, data: import("./messages.js").ReaderData, parentElement: Element}} component
 */
export default function (component) {
  const { key, data, parentElement } = component;
  let s = READERS.get(key);
  if (!s) READERS.set(key, (s = newState(data, { arrived, failed, told })));
  s.page.send = component;
  if (s.page.parent !== parentElement || !parentElement.contains(s.ui.root)) attach(s, parentElement);
  take(s, data);
  return () => detach(s, parentElement);
}

/** Put the reader's DOM under the element Streamlit gives, listening there and nowhere else. */
function attach(s, parent) {
  s.page.off?.();
  s.page.parent = parent;
  s.ui = layout(s);
  Object.assign(s.drawn, { key: null, offered: "" });
  (parent.querySelector(".rc-mount") || parent).replaceChildren(s.ui.root);
  const listening = new AbortController();
  const on = (target, name, act, capture = false) => target.addEventListener(name, act, { signal: listening.signal, capture });
  on(document, "keydown", (event) => pressed(s, event), true);
  on(document, "pointerdown", (event) => event.composedPath().includes(s.ui.root) || event.target.closest?.("a") || tell(s), true);
  on(window, "resize", () => fit(s));
  on(window, "online", () => s.saving.outbox.flush());
  on(window, "pagehide", () => s.saving.outbox.lastTry());
  const watch = new ResizeObserver(([entry]) => widen(s, entry.contentRect.width));
  watch.observe(s.ui.root);
  s.page.off = () => { listening.abort(); watch.disconnect(); s.page.off = null; };
  widen(s, s.ui.root.getBoundingClientRect().width || 1200);
  fit(s);
  requestAnimationFrame(() => fit(s));
  if (document.activeElement === document.body) s.ui.talk.focus({ preventScroll: true });
}

function detach(s, parent) {
  if (s.page.parent !== parent) return;
  s.page.off?.();
  s.drawn.drawing?.stop();
  for (const timer of Object.values(s.timers)) clearTimeout(timer);
  s.page.parent = null;
  s.drawn.key = null;
  s.shelf.reset(s.data.view);
}

/** Take what the page sends: a new queue or place is shown, anything else is only noted. */
function take(s, data) {
  const before = s.data;
  s.data = data;
  s.source = { base: (data.base || "").replace(/\/$/, ""), token: data.token, view: data.view };
  s.keymap = keymap(s);
  for (const outbox of [s.saving.outbox, ...s.saving.others]) outbox.source = s.source;
  if (!s.saving.looked) { s.saving.looked = true; s.saving.others = leftBehind(s.saving.outbox.store, s.saving.tell); for (const other of s.saving.others) other.source = s.source; }
  const elsewhere = data.start !== before.start && !s.place.reported.has(data.start);
  const restarted = s.page.boot !== data.boot && before.boot !== data.boot;
  legend(s);
  const anew = s.ui.root.isConnected && data.queue && data.queue === before.queue && data.view !== before.view && s.shelf.held.size > 0;
  if (!anew && !s.place.moving) s.place.total = data.total;
  if (anew) stay(s, data);
  else if (data.view !== before.view || restarted) {
    s.place.total = data.total;
    if (data.view !== before.view) { s.place.pos = data.start || 0; s.saving.made = []; s.saving.undone = []; }
    begin(s, data);
    pageToTop(s);
    if (data.visit && data.visit !== before.visit) openLink(s, data.visit);
    else show(s, s.place.pos);
  } else if (s.place.moving) { /* reading goes on under the old numbers */
  } else if (elsewhere) { s.place.reported = new Set(); show(s, data.start); }
  else if (s.drawn.key === null) show(s, s.place.pos);
  else { if (s.place.pos >= s.place.total) show(s, s.place.total - 1); else head(s, current(s)); s.shelf.want(s.place.pos, s.place.total, s.source); }
  if (data.missing && data.missing !== before.missing) missing(s, data.missing);
  saveState(s);
  requestAnimationFrame(() => s.page.parent && fit(s));
  for (const outbox of [s.saving.outbox, ...s.saving.others]) outbox.flush();
}

/** Forget what is held of another view. */
function begin(s, data) {
  s.page.boot = data.boot;
  s.place.moving = null;
  s.place.reported = new Set();
  s.drawn.key = null;
  s.shelf.reset(data.view);
}

// ---- what the shelf says

function arrived(s, answer, from) {
  restartedAs(s, answer.boot);
  if (typeof answer.total === "number" && answer.total !== s.place.total) { s.place.total = answer.total; if (s.place.pos >= s.place.total) return show(s, s.place.total - 1); }
  for (const entry of s.shelf.held.values()) keepPending(s, entry.rollout);
  if (!answer.rollouts.length && from === s.place.pos) return blank(s, "error", "Empty response from the server.");
  const here = s.shelf.held.get(s.place.pos);
  if (here && s.page.parent && !s.place.visit) {
    if (s.drawn.key !== here.rollout.key) show(s, s.place.pos);
    else renewed(s, here.rollout);
  }
  s.shelf.want(s.place.pos, s.place.total, s.source);
  s.ui.root.dataset.ahead = s.shelf.ahead(s.place.pos);
}

function failed(s, error, from, wait) {
  if (error.status === 401 || error.status === 403) refreshPage(s);
  if (s.page.parent && !s.shelf.held.has(s.place.pos)) blank(s, "error", `${plainly(error)}. Trying again.`);
  clearTimeout(s.timers.again);
  s.timers.again = setTimeout(() => s.shelf.want(s.place.pos, s.place.total, s.source), wait);
}


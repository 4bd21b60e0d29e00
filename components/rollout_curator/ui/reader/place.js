// Where the reader is: told to the page and the address, kept when a queue is made anew, reached by a link.

import { notify } from "./decide.js";
import { head } from "./head.js";
import { keepPending } from "./pending.js";
import { blank, show } from "./show.js";
import { current } from "./state.js";
import { post } from "./store.js";
import { appendVisible, h } from "./text.js";
import { attemptsOf, visit } from "./visit.js";

const OLD_MS = 15000;

/** Tell the page where the reader is, once it has stayed there. */
export function report(s) {
  clearTimeout(s.timers.reporting);
  s.timers.reporting = setTimeout(() => tell(s), 700);
}

/** Tell the page at once: before something else on it is pressed, which may take the reader away. */
export function tell(s) {
  const entry = s.shelf.held.get(s.place.pos);
  if (!entry || !s.page.parent || s.place.moving || s.place.told === s.place.pos) return;
  s.place.told = s.place.pos;
  s.place.reported.add(s.place.pos);
  s.page.send.setStateValue("at", { pos: s.place.pos, key: entry.rollout.key });
}

/** Once the reader rests at a rollout that was fetched a while ago, ask what became of it: others decide too. */
export function renew(s) {
  clearTimeout(s.timers.renewing);
  const entry = s.shelf.held.get(s.place.pos);
  if (!entry || Date.now() - entry.at < OLD_MS) return;
  s.timers.renewing = setTimeout(async () => {
    try {
      const { rollout } = entry;
      const fresh = (await attemptsOf(s, rollout)).find((attempt) => attempt.row === rollout.row);
      const marks = JSON.stringify(rollout.marks);
      Object.assign(rollout, fresh, { pos: rollout.pos });
      entry.at = Date.now();
      keepPending(s, rollout);
      if (JSON.stringify(rollout.marks) !== marks) s.shelf.fetch(rollout.pos, 1, s.source, s.place.pos);
      if (current(s) === rollout) head(s, rollout);
    } catch { /* what is shown stays; a press would tell */ }
  }, 250);
}

/** Put the rollout into the address, in place of the one before; at most four times a second, the last one always. */
export function nameInUrl(s) {
  const wait = 250 - (Date.now() - (s.place.named || 0));
  clearTimeout(s.timers.naming);
  if (wait > 0) { s.timers.naming = setTimeout(() => nameInUrl(s), wait); return; }
  const entry = s.shelf.held.get(s.place.pos);
  const url = new URL(location.href);
  if (!entry || !s.page.parent || !url.pathname.endsWith("/review") || url.searchParams.get("key") === entry.rollout.key) return;
  s.place.named = Date.now();
  s.place.reported.add(s.place.pos);
  url.searchParams.set("key", entry.rollout.key);
  history.replaceState(history.state, "", url);
}

/**
 * Stay at the rollout that is read when the queue was made anew, as after a restart of the server. Until the new
 * places of what is held are known, reading and deciding go on under the old ones.
 */
export async function stay(s, data) {
  s.place.moving = data.view;
  s.page.boot = data.boot;
  s.shelf.pause();
  const keys = [...s.shelf.held.values()].map(({ rollout }) => rollout.key).slice(-400);
  let places = null;
  try { ({ places } = await post("/api/places", s.source, { view: data.view, keys })); } catch { /* asked again below */ }
  if (s.place.moving !== data.view) return;
  if (!places) { setTimeout(() => s.place.moving === data.view && stay(s, s.data), 1000); return; }
  s.place.moving = null;
  renumber(s, data, new Map(keys.map((key, at) => [key, places[at]])));
}

function renumber(s, data, placeOf) {
  const isThere = (key) => typeof placeOf.get(key) === "number";
  const ahead = [...s.shelf.held].filter(([pos]) => pos >= s.place.pos).sort(([one], [two]) => one - two).map(([, { rollout }]) => rollout.key);
  const here = ahead.find(isThere);
  const shown = s.drawn.key;
  s.shelf.renumber(data.view, placeOf);
  Object.assign(s.place, { total: data.total, reported: new Set(), told: undefined });
  for (const step of [...s.saving.made, ...s.saving.undone]) step.pos = isThere(step.key) ? placeOf.get(step.key) : null;
  const to = here === undefined ? data.start || 0 : placeOf.get(here);
  if (!s.place.visit && shown !== here) return show(s, to);
  s.place.pos = to;
  s.ui.root.dataset.pos = to;
  head(s, current(s));
  s.shelf.want(s.place.pos, s.place.total, s.source);
  report(s);
}

/** Open the rollout of a link beside the queue; the first step leads into the queue. */
export async function openLink(s, key) {
  blank(s, "loading");
  s.place.unseen = true;
  await visit(s, key);
  if (s.place.unseen && !s.place.visit) show(s, s.place.pos);
}

/** Say, until it is dismissed, that a link led to a rollout which is not here. */
export function missing(s, key) {
  const text = h("span");
  appendVisible(text, `Rollout ${key.slice(0, 64)} is not in the open files. Showing the queue instead.`);
  notify(s, text, null);
}

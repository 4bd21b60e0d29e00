// Shows a rollout of the queue, or that there is none; what is not held here is asked for.

import { closeCompare } from "./compare.js";
import { closeFind, copyWith, jump } from "./find.js";
import { announce, head } from "./head.js";
import { exampleState, markButton, saidOf } from "./mark.js";
import { nameInUrl, renew, report } from "./place.js";
import { closeNote, saveNote } from "./reasons.js";
import { side, toMessage } from "./side.js";
import { h } from "./text.js";
import { drawRail, drawTurns, turnText } from "./turns.js";

/** Show the rollout at a position, from what is held; what is not held is asked for. */
export function show(s, pos) {
  const { root } = s.ui;
  if (!s.ui.noteBar.hidden) saveNote(s);
  s.place.pos = Math.max(0, Math.min(pos, s.place.total - 1));
  s.place.visit = s.place.wanted = null;
  s.place.unseen = false;
  closeCompare(s);
  if (s.place.total <= 0) return blank(s, "empty");
  const rollout = s.shelf.get(s.place.pos);
  root.dataset.pos = s.place.pos;
  root.dataset.key = rollout ? rollout.key : "";
  if (!rollout) {
    clearTimeout(s.timers.slow);
    s.drawn.key = null;
    s.timers.slow = setTimeout(() => { if (!s.shelf.held.has(s.place.pos)) blank(s, "loading"); }, s.drawn.shown ? 120 : 0);
  } else draw(s, rollout);
  s.shelf.want(s.place.pos, s.place.total, s.source);
  renew(s);
  nameInUrl(s);
  report(s);
}

export function draw(s, rollout) {
  const { root, talk, rail } = s.ui;
  clearTimeout(s.timers.slow);
  s.drawn.drawing?.stop();
  closeFind(s);
  closeNote(s);
  root.dataset.state = "reading";
  head(s, rollout);
  const prompt = rollout.turns.findIndex((turn) => turn.role === "system" || turn.role === "developer");
  const said = prompt < 0 ? "" : turnText(rollout.turns[prompt]);
  const same = said.length > 200 && said === s.drawn.prompt && rollout.row !== s.drawn.promptRow;
  s.drawn.prompt = said;
  s.drawn.promptRow = rollout.row;
  const end = h("div", { class: "end", "data-testid": "end-of-rollout" }, "end of rollout");
  talk.replaceChildren();
  talk.scrollTop = 0;
  s.drawn.turn = 0;
  s.drawn.drawing = drawTurns(talk, rollout.turns, { ...turnOptions(s, rollout), foldedAt: same ? prompt : -1, end });
  drawRail(rail, rollout.turns, (n) => jump(s, n - 1));
  s.drawn.key = rollout.key;
  s.drawn.example = exampleState(rollout);
  s.drawn.shown = rollout.key;
  s.beside.wanted = null;
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
  s.drawn.drawing?.stop();
  root.dataset.state = state;
  head(s, null);
  rail.replaceChildren();
  beside.replaceChildren();
  s.beside.wanted = null;
  const says = {
    empty: ["No rollouts in this queue.", "Choose another queue, or relax the filters on the Select page."],
    loading: [`Loading ${s.place.pos + 1} of ${s.place.total.toLocaleString("en-US")}`, ""],
    error: ["Could not load this rollout.", text || ""],
  }[state];
  const box = h("div", { class: "blank", role: state === "error" ? "alert" : "status" },
    h("p", { class: "blank-title" }, says[0]), h("p", { class: "quiet" }, says[1]));
  const again = () => s.shelf.want(s.place.pos, s.place.total, s.source);
  if (state === "error") box.append(h("button", { class: "small", type: "button", onclick: again }, "Try again"));
  if (state === "loading") box.append(h("div", { class: "bones", "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("i")));
  talk.replaceChildren(box);
  s.drawn.key = null;
}

/** Make the page run again, so that it sends what is valid now; not more than every 3 s. */
export function refreshPage(s) {
  if (Date.now() - (s.page.refreshed || 0) < 3000) return;
  s.page.refreshed = Date.now();
  s.page.send.setTriggerValue("stale", s.page.refreshed);
}

export function restartedAs(s, boot) {
  if (!boot || boot === s.page.boot || s.place.moving) return;
  const known = s.page.boot;
  s.page.boot = boot;
  if (!known) return;
  s.shelf.reset(s.data.view);
  s.shelf.want(s.place.pos, s.place.total, s.source);
}

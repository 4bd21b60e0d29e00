// Moving inside a rollout: jumps by turn, the rail that follows, find, copy.

import { setTab } from "./frame.js";
import { bring } from "./scroll.js";
import { current, remember } from "./state.js";
import { say } from "./status.js";
import { copyText } from "./text.js";
import { findInPane, showMark, turnText } from "./turns.js";

export function jump(s, at) {
  const turns = s.ui.talk.querySelectorAll(".turn");
  if (!turns.length) return;
  if (at >= turns.length) s.drawn.drawing?.finish();
  const all = s.ui.talk.querySelectorAll(".turn");
  s.drawn.turn = Math.max(0, Math.min(at, all.length - 1));
  const place = () => bring(s.ui.talk, all[s.drawn.turn]);
  if (!s.page.wide && s.ui.root.dataset.tab !== "conversation") setTab(s, "conversation");
  place();
  s.drawn.jumped = Date.now();
  requestAnimationFrame(place);
  here(s, s.drawn.turn);
}

function here(s, at) {
  const rows = s.ui.rail.children;
  s.ui.rail.querySelector("[aria-current]")?.removeAttribute("aria-current");
  if (!rows[at]) return;
  rows[at].setAttribute("aria-current", "true");
  bring(s.ui.rail, rows[at], "nearest");
}

/** Keep the rail at the turn that is being read. */
export function follow(s) {
  if (Date.now() - (s.drawn.jumped || 0) < 150) return;
  const { talk } = s.ui;
  const all = talk.querySelectorAll(".turn");
  let low = 0, high = all.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (all[middle].offsetTop - talk.offsetTop <= talk.scrollTop + 24) low = middle;
    else high = middle - 1;
  }
  if (low !== s.drawn.turn) { s.drawn.turn = low; here(s, low); }
}

export function foldAll(s) {
  s.preferences.reasoning = !s.preferences.reasoning;
  remember(s);
  for (const details of s.ui.talk.querySelectorAll("details.reasoning")) details.open = s.preferences.reasoning;
  say(s, s.preferences.reasoning ? "reasoning expanded" : "reasoning collapsed");
}

export function openFind(s) {
  if (s.drawn.key === null) return say(s, "not loaded yet");
  if (!s.page.wide && s.ui.root.dataset.tab !== "conversation") setTab(s, "conversation");
  s.ui.findBar.hidden = false;
  s.ui.root.dataset.finding = "true";
  s.ui.findBox.select();
  s.ui.findBox.focus();
}

export function closeFind(s, byHand) {
  if (s.ui.findBar.hidden) return;
  s.ui.findBar.hidden = true;
  s.ui.root.dataset.finding = "false";
  s.ui.findBox.value = "";
  s.found.marks = [];
  if (!byHand) return;
  findInPane(s.ui.talk, "");
  s.ui.talk.focus({ preventScroll: true });
}

export function find(s) {
  s.drawn.drawing?.finish();
  const wanted = s.ui.findBox.value;
  s.found.marks = findInPane(s.ui.talk, wanted);
  s.found.at = -1;
  if (s.found.marks.length) findStep(s, 1);
  else s.ui.findCount.textContent = wanted ? "none" : "";
}

export function findStep(s, by) {
  if (!s.found.marks || !s.found.marks.length) return;
  s.found.at = (s.found.at + by + s.found.marks.length) % s.found.marks.length;
  showMark(s.ui.talk, s.found.marks, s.found.at);
  s.ui.findCount.textContent = `${s.found.at + 1} of ${s.found.marks.length >= 1000 ? "1,000+" : s.found.marks.length}`;
}

export async function copyWith(s, text, button) {
  const label = button.dataset.label || (button.dataset.label = button.textContent);
  try { await copyText(text); button.textContent = "Copied"; } catch { button.textContent = "Not copied"; }
  setTimeout(() => { button.textContent = label; }, 1200);
}

export function copyAll(s) {
  const rollout = current(s);
  if (rollout) copyWith(s, rollout.turns.map((turn) => `${turn.role}:\n${turnText(turn)}`).join("\n\n"), s.ui.copyAll);
}

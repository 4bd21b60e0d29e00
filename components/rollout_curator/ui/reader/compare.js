// Attempts of one task side by side: aligned by turn, the first difference marked, one to be kept.

import { record } from "./decide.js";
import { closeFind, copyWith } from "./find.js";
import { badge, head, states } from "./head.js";
import { saidOf } from "./mark.js";
import { keepPending } from "./pending.js";
import { noteOf } from "./reasons.js";
import { show } from "./show.js";
import { current, remember } from "./state.js";
import { last, say } from "./status.js";
import { appendVisible, counted, h, rewardText, rewardWords } from "./text.js";
import { fold, turnElement } from "./turns.js";
import { askFor, attemptsOf, firstDifferent, visit, withAttempts } from "./visit.js";
import { CHOSEN, CHOSEN_OVER, HIDDEN, plainly, SIGNS } from "./words.js";

const LANES_MAX = 4;
const ROWS_AT_ONCE = 40;

/** Open the attempts of the rollout that is read: itself, and as many others as have room. */
export async function compare(s) {
  const here = withAttempts(s);
  if (!here) return;
  try {
    const list = await attemptsOf(s, here);
    if (current(s) !== here) return;
    const at = list.findIndex((attempt) => attempt.row === here.row);
    const room = s.page.wide ? 3 : 2;
    const lanes = [...list.slice(at), ...list.slice(0, at)].slice(0, room).map((attempt) => attempt.row);
    s.comparing = { list, lanes, entries: new Map([[here.row, here]]), shown: ROWS_AT_ONCE };
    s.ui.root.dataset.mode = "compare";
    closeFind(s);
    await fillLanes(s);
    s.ui.lanes.focus({ preventScroll: true });
  } catch (error) { say(s, `could not list the attempts: ${plainly(error)}`); }
}

export function closeCompare(s) {
  if (!s.comparing) return;
  s.comparing = null;
  s.ui.root.dataset.mode = "";
  s.ui.lanes.replaceChildren();
  const here = current(s);
  if (here) head(s, here);
  s.ui.talk.focus({ preventScroll: true });
}

/** Read what the lanes need and draw them. */
async function fillLanes(s) {
  const open = s.comparing;
  const missing = open.lanes.filter((row) => !open.entries.has(row));
  const keyOfRow = (row) => open.list.find((attempt) => attempt.row === row).key;
  const read = await Promise.all(missing.map((row) => askFor(s, "rollout", keyOfRow(row))));
  missing.forEach((row, at) => { keepPending(s, read[at].rollout); open.entries.set(row, { ...read[at].rollout, row }); });
  if (s.comparing === open) drawLanes(s);
}

function drawLanes(s) {
  const { lanes } = s.ui;
  const talks = s.comparing.lanes.map((row) => s.comparing.entries.get(row));
  const differs = firstDifferent(talks.map((rollout) => rollout.turns));
  const longest = Math.max(...talks.map((rollout) => rollout.turns.length));
  lanes.style.setProperty("--lanes", talks.length);
  lanes.replaceChildren(chooser(s), h("div", { class: "lane-heads" }));
  laneHeads(s);
  if (differs > 0) lanes.append(sameInAll(s, talks[0], differs));
  if (differs < longest) lanes.append(h("div", { class: "divider differs", role: "separator" }, h("span", {}, `first difference: turn ${differs + 1}`)));
  else lanes.append(h("p", { class: "quiet pad" }, "These attempts are identical."));
  const last = Math.min(longest, differs + s.comparing.shown);
  for (let at = differs; at < last; at += 1) lanes.append(laneRow(s, talks, at, at === differs));
  if (last < longest) {
    const more = () => { s.comparing.shown += 200; drawLanes(s); };
    lanes.append(h("button", { class: "more", type: "button", onclick: more }, `Show ${longest - last} more turns`));
  }
}

/** Say which attempts are listed: the server sends those around the one that is read where a task has very many. */
function listed(list) {
  const [first, last] = [list[0]?.attempt, list[list.length - 1]?.attempt];
  return !first || list.length === first[1] ? "attempts" : `attempts ${first[0]} to ${last[0]} of ${first[1]}`;
}

/** Return the list of attempts; those in a lane are pressed. */
function chooser(s) {
  const { list, lanes } = s.comparing;
  const turnOver = (row) => {
    const has = lanes.includes(row);
    if (has && lanes.length <= 2) return say(s, "select at least two attempts");
    if (!has && lanes.length >= LANES_MAX) return say(s, "at most four attempts; deselect one first");
    s.comparing.lanes = has ? lanes.filter((other) => other !== row) : [...lanes, row];
    fillLanes(s).catch((error) => say(s, plainly(error)));
  };
  const one = (attempt) => h("button", { class: "small attempt", type: "button", "aria-pressed": String(lanes.includes(attempt.row)),
    "aria-label": `attempt ${attempt.attempt[0]}, ${attempt.blind ? HIDDEN : rewardWords(attempt.reward)}`, onclick: () => turnOver(attempt.row) }, `${attempt.attempt[0]}`, h("span", { class: "quiet" }, attempt.blind ? "" : rewardText(attempt.reward)));
  const others = h("input", { type: "checkbox", onchange: (event) => { s.preferences.rejectOthers = event.target.checked; remember(s); } });
  others.checked = !!s.preferences.rejectOthers;
  return h("div", { class: "chooser", role: "group", "aria-label": "attempts of this task" }, h("span", { class: "quiet" }, listed(list)), ...list.map(one),
    h("label", { class: "advance" }, others, "Also reject the other attempts shown"),
    h("button", { class: "small", type: "button", onclick: () => closeCompare(s) }, h("kbd", { "aria-hidden": "true" }, "Esc"), " Close"));
}

/** Draw the heads again: rewards on top, what was decided, the button that keeps. */
export function laneHeads(s) {
  const { lanes, entries } = s.comparing;
  const one = (row, at) => {
    const rollout = entries.get(row);
    const where = h("span", { class: "quiet mono" });
    appendVisible(where, rollout.where);
    const keep = h("button", { class: "act keep", type: "button", title: "Accept this attempt and record it as preferred over the others shown", onclick: () => keepLane(s, at) }, `Prefer this (${at + 1})`);
    const read = h("button", { class: "small", type: "button", onclick: () => openLane(s, rollout) }, "Review");
    const badges = states(s, rollout).map(([kind, sign, text]) => badge(kind, sign, text));
    return h("div", { class: "lane-head", "data-verdict": rollout.decision ? rollout.decision.verdict : "" },
      h("div", { class: "lane-line" }, h("b", {}, `attempt ${rollout.attempt[0]}`),
        h("span", { class: "reward", "data-rated": String(!rollout.blind && rollout.reward !== null) }, rollout.blind ? HIDDEN : rewardText(rollout.reward)), keep, read),
      h("div", { class: "badges" }, ...badges), where);
  };
  s.ui.lanes.querySelector(".lane-heads")?.replaceChildren(...lanes.map(one));
}

function openLane(s, rollout) {
  closeCompare(s);
  if (rollout.pos === null) visit(s, rollout.key);
  else show(s, rollout.pos);
}

/** Return the beginning that all lanes share, folded. */
function sameInAll(s, rollout, n) {
  const turns = rollout.turns.slice(0, n);
  const words = turns.length === 1 ? `turn 1 (${turns[0].role})` : `turns 1 to ${turns.length}`;
  const body = () => turns.map((turn) => turnElement(turn, laneOptions(s, rollout)));
  return h("div", { class: "same-in-all" }, fold("same", `${words}: identical in all`, "", false, body));
}

/** Return one row: the same turn of every lane, and where each begins to differ. */
function laneRow(s, talks, at, isFirst) {
  const cells = talks.map((rollout) => (rollout.turns[at] ? turnElement(rollout.turns[at], laneOptions(s, rollout)) : h("div", { class: "turn over quiet" }, at === rollout.turns.length ? "end of this attempt" : "")));
  if (isFirst) markPoint(cells, talks.map(({ turns }) => turns[at]));
  return h("div", { class: "lane-row" }, ...cells);
}

/** Mark the letter from which the first text of the cells differs. */
function markPoint(cells, turns) {
  const texts = turns.map((turn) => turn && turn.blocks[0] && turn.blocks[0].kind === "text" ? turn.blocks[0].text : null);
  if (texts.some((text) => text === null)) return;
  let same = 0;
  while (same < texts[0].length && texts.every((text) => text[same] === texts[0][same])) same += 1;
  if (same < 12) return;
  for (const cell of cells) {
    const walk = document.createTreeWalker(cell.querySelector(".turn-body .text") || cell, NodeFilter.SHOW_TEXT);
    let left = same;
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (node.parentElement.closest(".unseen")) break;
      if (left <= node.length) { node.splitText(left).before(h("span", { class: "from-here", title: "the attempts differ from here" })); break; }
      left -= node.length;
    }
  }
}

function laneOptions(s, rollout) {
  return { openReasoning: s.preferences.reasoning, compact: true, copy: (text, button) => copyWith(s, text, button), toMessage: () => {},
    said: (turn, fate) => saidOf(s, rollout, turn, fate) };
}

/** Record that one lane is kept over the others, which pairs for preference training are made of later. */
export function keepLane(s, at) {
  const { lanes, entries } = s.comparing;
  const kept = entries.get(lanes[at]);
  if (!kept) return say(s, `there are ${lanes.length} attempts here`);
  const others = lanes.map((row) => entries.get(row)).filter((rollout) => rollout.key !== kept.key);
  if (!others.length) return say(s, "these attempts are identical; nothing to choose");
  const over = others.map((rollout) => CHOSEN_OVER + rollout.key);
  const stood = kept.decision && kept.decision.verdict === "accept" ? kept.decision.reasons : [];
  const reasons = [...new Set([CHOSEN, ...stood, ...over])].slice(0, 32);
  record(s, kept, "accept", reasons, noteOf(s, kept), "compared");
  for (const other of others) yieldTo(s, other, CHOSEN_OVER + kept.key);
  const task = s.comparing.list;
  sayPreferred(s, kept, others);
  if (!s.preferences.advance) return laneHeads(s);
  closeCompare(s);
  toNextTask(s, task);
}

/** Say which attempt is preferred, and offer to reject those that stay. */
function sayPreferred(s, kept, others) {
  const words = `${SIGNS.accept} attempt ${kept.attempt[0]} preferred over ${others.map((rollout) => rollout.attempt[0]).join(", ")}`;
  const staying = others.filter(({ decision }) => decision?.verdict !== "reject");
  if (!staying.length) return last(s, words);
  const reject = () => {
    for (const other of staying) record(s, other, "reject", ["not-chosen"], noteOf(s, other), "compared");
    last(s, `${counted(staying.length, "other attempt")} rejected`);
  };
  const areKept = staying.every((rollout) => rollout.kept);
  last(s, `${words}; others stay ${areKept ? "kept" : "as they are"}`, h("button", { class: "small", type: "button", onclick: reject }, "Reject them"));
}

/** Show the next rollout of another task that is undecided as far as is known here; tasks compared before are done. */
function toNextTask(s, task) {
  const { compared, visit, total } = s.place;
  for (const { row } of task) compared.add(row);
  const past = new Set(task.map(({ pos }) => pos));
  for (let pos = s.place.pos + (visit ? 0 : 1); pos < total; pos += 1) {
    const { rollout } = s.shelf.held.get(pos) || {};
    if (!past.has(pos) && !(rollout && (rollout.decision || compared.has(rollout.row)))) return show(s, pos);
  }
  s.ui.live.textContent = "end of queue";
}

/** Take back what the loser was said to be better than, and reject it where that is wished. */
function yieldTo(s, loser, claim) {
  const { decision } = loser;
  if (s.preferences.rejectOthers) {
    if (!decision || decision.verdict !== "reject") record(s, loser, "reject", ["not-chosen"], noteOf(s, loser), "compared");
  } else if (decision && decision.verdict === "accept" && decision.reasons.includes(claim)) {
    const left = decision.reasons.filter((reason) => reason !== claim);
    const still = left.some((reason) => reason.startsWith(CHOSEN_OVER));
    record(s, loser, "accept", still ? left : left.filter((reason) => reason !== CHOSEN), decision.note, "compared");
  }
}

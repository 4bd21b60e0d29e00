// Rollouts beside the queue: other attempts of the task, and what an undo reached outside it.

import { closeCompare } from "./compare.js";
import { jump } from "./find.js";
import { keepPending } from "./pending.js";
import { bring } from "./scroll.js";
import { draw, show } from "./show.js";
import { current } from "./state.js";
import { say } from "./status.js";
import { ask } from "./store.js";
import { plainly } from "./words.js";

/** Ask the server about one rollout by its key. */
export function askFor(s, what, key) {
  const query = new URLSearchParams({ view: s.data.view, key });
  return ask(`${s.source.base}/api/${what}?${query}`, s.source.token);
}

/** Open a rollout that may not be in the queue; the place in the queue stays. */
export async function visit(s, key) {
  s.place.wanted = key;
  try {
    const { rollout } = await askFor(s, "rollout", key);
    if (s.place.wanted !== key) return;
    keepPending(s, rollout);
    if (rollout.pos !== null) return show(s, rollout.pos);
    s.place.visit = rollout;
    closeCompare(s);
    s.ui.root.dataset.key = key;
    draw(s, rollout);
  } catch (error) { say(s, `could not open it: ${plainly(error)}`); }
}

/** Return the rollout that is being read if its task has other attempts; else say why there is nothing to compare. */
export function withAttempts(s) {
  const here = current(s);
  if (here && here.attempt[1] > 1) return here;
  say(s, here ? "this is the only attempt of its task" : "not loaded yet");
  return null;
}

/** Return the attempts of a rollout's task, each as its header; asked for once a task while it is read. */
export async function attemptsOf(s, rollout) {
  const { attempts } = await askFor(s, "attempts", rollout.key);
  return attempts;
}

/** Open the next attempt of the same task, the first one after the last. */
export async function nextAttempt(s) {
  const here = withAttempts(s);
  if (!here) return;
  try {
    const list = await attemptsOf(s, here);
    if (current(s) !== here) return;
    const at = list.findIndex((attempt) => attempt.row === here.row);
    const next = list[(at + 1) % list.length];
    s.place.cameFrom = here.key;
    if (next.pos === null) await visit(s, next.key);
    else show(s, next.pos);
    say(s, `attempt ${next.attempt[0]} of ${next.attempt[1]}`);
  } catch (error) { say(s, `could not list the attempts: ${plainly(error)}`); }
}

/** Jump to the first turn in which this attempt differs from another: the one read before, else the next one. */
export async function firstDifference(s) {
  if (s.comparing) {
    const differs = s.ui.lanes.querySelector(".differs");
    if (differs) bring(s.ui.lanes, differs);
    return;
  }
  const here = withAttempts(s);
  if (!here) return;
  try {
    const list = await attemptsOf(s, here);
    const others = list.filter((attempt) => attempt.key !== here.key);
    const after = others.find((attempt) => attempt.attempt[0] > here.attempt[0]) || others[0];
    const other = others.find((attempt) => attempt.key === s.place.cameFrom) || after;
    if (!other) return say(s, "all attempts of this task are identical");
    const { rollout } = await askFor(s, "rollout", other.key);
    if (current(s) !== here) return;
    const at = firstDifferent([here.turns, rollout.turns]);
    jump(s, Math.min(at, here.turns.length - 1));
    say(s, `first difference from attempt ${other.attempt[0]}: turn ${Math.min(at, here.turns.length - 1) + 1}`);
  } catch (error) { say(s, `could not load the other attempt: ${plainly(error)}`); }
}

/** Return the number of leading turns that are the same in all conversations. */
export function firstDifferent(talks) {
  const [one, ...rest] = talks.map((turns) => turns.map(turnShape));
  let at = 0;
  while (at < one.length && rest.every((other) => at < other.length && other[at] === one[at])) at += 1;
  return at;
}

/** Return what makes two turns the same: who speaks and what is said; ids of calls are no difference. */
function turnShape(turn) {
  return JSON.stringify([turn.role, turn.blocks.map((block) => [block.kind, block.name, block.text])]);
}

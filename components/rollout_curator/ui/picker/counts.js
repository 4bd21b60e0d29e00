// What bounds keep, and where a handle may go: functions of the data alone.
//
// `bounds` is { atLeast, atMost }, each null for none. Nothing here guesses: what the data cannot tell is null.

import { lowerBound, nearest } from "./numbers.js";

export const MEASURES = ["rollouts", "tasks", "tokens"];
export const LOWER = "atLeast";
export const UPPER = "atMost";

export function sameBounds(one, other) {
  return one.atLeast === other.atLeast && one.atMost === other.atMost;
}

/** What is kept along one curve; null where the bound is no stop of a grid. */
function along(data, name, bound) {
  const steps = name === LOWER ? data.lower : data.upper;
  if (bound === null) return steps.open;
  const { stops } = data;
  let i = lowerBound(stops, bound);
  if (stops[i] !== bound) {
    if (!data.isEvery) return null;
    if (name === UPPER) i -= 1; // the values up to the bound, where lower bounds mean those from it on
    if (i < 0 || i >= stops.length) return steps.beyond;
  }
  return { rollouts: steps.rollouts[i], tasks: steps.tasks[i], tokens: steps.tokens[i] };
}

/** What `bounds` keep; null while only the server can tell, that is when both differ from those it counted for. */
export function keptBy(data, bounds) {
  const given = data.bounds;
  if (sameBounds(bounds, given)) return data.kept;
  if (bounds.atLeast === null && bounds.atMost === null) return data.total;
  if (bounds.atMost === given.atMost) return along(data, LOWER, bounds.atLeast);
  if (bounds.atLeast === given.atLeast) return along(data, UPPER, bounds.atMost);
  return null;
}

/** The first and last stop one handle may stand at, for handles do not cross. */
export function room(stops, name, bounds) {
  const other = name === LOWER ? bounds.atMost : bounds.atLeast;
  const last = stops.length - 1;
  if (other === null) return { first: 0, last };
  const i = lowerBound(stops, other);
  if (name === UPPER) return { first: Math.min(last, i), last };
  return { first: 0, last: Math.max(0, stops[i] === other ? i : i - 1) };
}

/** The stop nearest to a value that a handle may stand at. */
export function stopAt(stops, name, bounds, value) {
  const { first, last } = room(stops, name, bounds);
  return stops[Math.min(last, Math.max(first, nearest(stops, value)))];
}

/** The stop `n` steps from a handle, which may lie between two stops or be nowhere yet. */
export function moved(stops, name, bounds, n) {
  const value = bounds[name];
  if (value === null && (name === UPPER) === n > 0) return null;
  const { first, last } = room(stops, name, bounds);
  let i = value === null ? (name === LOWER ? -1 : stops.length) : lowerBound(stops, value);
  if (value !== null && n > 0 && stops[i] !== value) i -= 1;
  return stops[Math.min(last, Math.max(first, i + n))];
}

/** How many fine bins make a bar, when one is so many pixels wide. */
export function grouping(pixels) {
  return [1, 2, 5, 10, 20, 50, 100, 200].find((n) => n * pixels >= 7) ?? 200;
}

/** Bars as { low, high, closed, n, always }: fine bins added up, `group` of them at round edges; a bar per value as it is. */
export function barsOf(data, group) {
  const { left, right, count: counts, always, first, perValue } = data.bins;
  const sure = (i) => always[i] ?? 0;
  if (perValue) {
    return data.stops.map((value, i) => ({ low: value, high: value, closed: true, n: counts[i], always: sure(i) }));
  }
  const bars = [];
  let key = null;
  for (let i = 0; i < left.length; i++) {
    const its = Math.floor((first + i) / group);
    if (its !== key) bars.push({ low: left[i], n: 0, always: 0, at: i });
    key = its;
    const bar = bars[bars.length - 1];
    bar.n += counts[i];
    bar.always += sure(i);
    bar.high = right[i];
    bar.closed = right[i] === Number.MAX_VALUE;
  }
  return bars;
}

/** Where all but the outermost hundredths lie; null where that is most of the axis anyway. */
export function middleOf({ bins }) {
  const { left, right, count: counts } = bins;
  const edge = counts.reduce((sum, n) => sum + n, 0) / 100;
  const firstOver = (numbers) => {
    let sum = 0;
    return numbers.findIndex((n) => (sum += n) > edge);
  };
  const low = left[firstOver(counts)];
  const high = right[counts.length - 1 - firstOver([...counts].reverse())];
  const pad = (high / 2 - low / 2) / 8;
  const isUseful = high / 2 - low / 2 < (right[right.length - 1] / 2 - left[0] / 2) / 2;
  return isUseful ? { low: low - pad, high: high + pad } : null;
}

export function isIn(bar, value) {
  return value >= bar.low && (bar.closed ? value <= bar.high : value < bar.high);
}

/** Whether a bar is "kept", "dropped" or "partly kept". */
export function fate(bar, bounds) {
  const low = bounds.atLeast ?? -Infinity;
  const high = bounds.atMost ?? Infinity;
  if (bar.high < low || bar.low > high || (!bar.closed && bar.high <= low)) return "dropped";
  return bar.low >= low && bar.high <= high ? "kept" : "partly kept";
}

// Which part of the axis is shown, and how tall counts are drawn.

import { Bars } from "./bars.js";
import { middleOf } from "./counts.js";
import { MARGIN } from "./look.js";
import { count, number, set } from "./numbers.js";

const MIDDLE = "middle";
const wishes = new Map(); // what the user wants to see of an axis, by its title: a part, MIDDLE, or null for all of it

export class Zoom extends Bars {
  toggleLog() {
    this.isLog = !this.isLog;
    set(this.buttons.log, { "aria-pressed": this.isLog });
    this.draw();
  }

  /** Show a part of the axis around the handle, or all of it. */
  zoom(factor) {
    if (factor === null) return this.look(null);
    const { low, high } = this.view ?? this.domain();
    const half = (high / 2 - low / 2) * factor;
    const value = this.shown[this.active];
    const middle = value === null ? low / 2 + high / 2 : Math.min(high, Math.max(low, value));
    this.look({ low: middle - half, high: middle + half });
  }

  most() {
    return this.data.stops.length && this.data.kind !== "boolean" ? middleOf(this.data) : null;
  }

  lookAtMiddle() {
    this.look(this.most());
    wishes.set(this.data.title, MIDDLE);
  }

  look(view) {
    this.view = view && this.within(view);
    wishes.set(this.data.title, this.view);
    this.barAt = null;
    this.hideTip();
    this.draw();
  }

  /** What is shown: as the user wishes, else the middle where outliers leave most of the plot empty. */
  settleView() {
    const { title, stops } = this.data;
    const wish = wishes.get(title);
    const first = stops[0];
    const last = stops[stops.length - 1];
    if (wish === undefined) {
      const population = [title, first, last, stops.length].join(" ");
      if (population !== this.settled) this.view = this.startView();
      this.settled = population;
    } else if (wish === MIDDLE) {
      const most = this.most();
      this.view = most && this.within(most);
    } else {
      this.view = wish && wish.high >= first && wish.low <= last ? wish : null;
    }
    this.drawZoom();
  }

  startView() {
    const most = this.most();
    if (!most) return null;
    const bounds = [this.shown.atLeast, this.shown.atMost].filter((value) => value !== null);
    this.view = null;
    return bounds.every((value) => value >= most.low && value <= most.high) ? this.within(most) : null;
  }

  /** A view inside the axis; null where that is all of it; the view as it was where it would be too small to draw. */
  within({ low, high }) {
    const all = this.domain();
    const half = high / 2 - low / 2;
    if (!(half < all.high / 2 - all.low / 2)) return null;
    const from = Math.max(all.low, Math.min(low, all.high - 2 * half));
    const to = from + 2 * half;
    const isUseful = half > 0 && from + half > from && half > Math.max(Math.abs(from), Math.abs(to)) * 1e-12;
    return isUseful ? { low: from, high: to } : this.view;
  }

  drawZoom() {
    set(this.buttons.log, { "aria-pressed": this.isLog });
    this.buttons.all.disabled = !this.view;
    this.range.hidden = !this.view;
    this.drawBeyond();
    if (!this.view) return;
    const { low, high } = this.view;
    const words = (value) => number(rounded(value, high - low));
    this.range.textContent = `showing ${words(low)} to ${words(high)}`;
  }

  /** Say how many values lie on either side of what is shown. */
  drawBeyond() {
    const { left, right, count: counts } = this.data.bins;
    const { stops, isEvery } = this.data;
    const say = (button, isBeyond, values, end, words) => {
      const n = counts.reduce((sum, m, i) => sum + (isBeyond(i) ? m : 0), 0);
      button.hidden = n === 0;
      const isOne = n === 1 || (isEvery && values.length === 1);
      if (n) button.textContent = words(`${count(n, "value", "values")} ${isOne ? "at" : end}`);
    };
    const low = this.view?.low ?? -Infinity;
    const high = this.view?.high ?? Infinity;
    const under = stops.filter((value) => value < low);
    const over = stops.filter((value) => value > high);
    say(this.beyond.low, (i) => right[i] <= low, under, "down to", (text) => `\u2190 ${text} ${this.words(under[0])}`);
    say(this.beyond.high, (i) => left[i] >= high, over, "up to", (text) => `${text} ${this.words(over[over.length - 1])} \u2192`);
  }

  /** Move the view along when a key takes the handle out of it. */
  reveal(value) {
    if (!this.view || value === null) return;
    const { low, high } = this.view;
    if (value >= low && value <= high) return;
    const half = high / 2 - low / 2;
    this.look({ low: value - half, high: value + half });
  }

  zoomByKey(key) {
    if (key === "+" || key === "=") this.zoom(0.5);
    else if (key === "-") this.zoom(2);
    else if (key === "0") this.zoom(null);
    else return false;
    return true;
  }

  // ---- zoom to a range ---------------------------------------------------------------------------------------

  startBrush(x) {
    this.brushFrom = this.clamped(x);
    this.hideTip();
    this.moveBrush(x);
  }

  moveBrush(x) {
    const to = this.clamped(x);
    const from = Math.min(this.brushFrom, to);
    set(this.brush, { x: from, width: Math.abs(to - this.brushFrom), hidden: null });
  }

  endBrush(x, isMeant) {
    const from = this.brushFrom;
    const to = this.clamped(x);
    this.brushFrom = null;
    this.brush.setAttribute("hidden", "");
    if (!isMeant || Math.abs(to - from) < 4) return;
    const [low, high] = [this.scale.value(Math.min(from, to)), this.scale.value(Math.max(from, to))];
    this.look({ low, high });
  }

  clamped(x) {
    return Math.min(MARGIN.left + this.width, Math.max(MARGIN.left, x));
  }
}

/** A value to about a hundredth of the span it is an end of. */
function rounded(value, span) {
  const exponent = Math.floor(Math.log10(span / 100));
  if (!Number.isFinite(exponent) || exponent < -90) return Number(value.toPrecision(4));
  return exponent < 0 ? Number(value.toFixed(-exponent)) : Math.round(value / 10 ** exponent) * 10 ** exponent;
}

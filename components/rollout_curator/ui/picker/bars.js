// Bars that can be asked and opened, what has no place on the axis, and the distribution as a table.

import { barsOf, fate } from "./counts.js";
import { Follow } from "./follow.js";
import { BASE, MARGIN } from "./look.js";
import { count, fresh, html, number, set, whole } from "./numbers.js";

const TABLE_ROWS = 24;

export class Bars extends Follow {
  listenToBars() {
    this.barAt = null; // the index of the bar that the keyboard is on
    this.svg.addEventListener("pointerleave", () => this.hideTip());
    this.bars.addEventListener("focus", () => {
      if (this.bars.matches(":focus-visible")) this.goToBar(this.barAt ?? 0);
    });
    this.bars.addEventListener("blur", () => this.hideTip());
    this.bars.addEventListener("keydown", (event) => this.pressOnBars(event));
  }

  barUnder(x, y) {
    if (y < MARGIN.top || y > BASE) return -1;
    return this.shownBars.findIndex((bar) => x >= Math.min(bar.from, bar.to - 8) && x <= Math.max(bar.to, bar.from + 8));
  }

  /** The range of a bar in signs, as in [0.5, 0.6). */
  rangeOf(bar) {
    if (bar.low === bar.high) return this.words(bar.low);
    return `[${number(bar.low)}, ${number(bar.high)}${bar.closed ? "]" : ")"}`;
  }

  /** The range of a bar in words, for those who hear it. */
  spokenRangeOf(bar) {
    if (bar.low === bar.high) return this.words(bar.low);
    return `${number(bar.low)} to ${bar.closed ? "" : "below "}${number(bar.high)}`;
  }

  countOf(bar) {
    const its = fate(bar, this.shown);
    const sure = its !== "kept" && bar.always ? `, but ${whole.format(bar.always)} accepted in review` : "";
    return `${count(bar.n, "rollout", "rollouts")}, ${its}${sure}`;
  }

  hover(event) {
    const box = this.svg.getBoundingClientRect();
    const index = this.barUnder(event.clientX - box.left, event.clientY - box.top);
    if (index < 0) return this.hideTip();
    this.showTip(index, "double-click to list them");
  }

  showTip(index, hint) {
    const bar = this.shownBars[index];
    this.tipText.range.textContent = this.rangeOf(bar);
    this.tipText.rest.textContent = this.countOf(bar);
    this.tipText.hint.textContent = bar.n ? hint : "";
    this.tip.hidden = false;
    this.tip.dataset.index = index;
    const middle = (Math.max(bar.from, MARGIN.left) + Math.min(bar.to, MARGIN.left + this.width)) / 2;
    const isRight = middle < this.outer / 2;
    this.tip.style.left = isRight ? `${middle + 14}px` : "auto";
    this.tip.style.right = isRight ? "auto" : `${this.outer - middle + 14}px`;
    set(this.focusBar, { x: Math.min(bar.from, bar.to - 2), width: Math.max(2, bar.to - bar.from), hidden: null });
  }

  hideTip() {
    this.tip.hidden = true;
    this.focusBar.setAttribute("hidden", "");
  }

  // ---- by keyboard -------------------------------------------------------------------------------------------

  goToBar(index) {
    const bars = this.shownBars;
    if (!bars.length) {
      this.bars.setAttribute("aria-label", "No rollouts in this range");
      return this.hideTip();
    }
    this.barAt = Math.min(bars.length - 1, Math.max(0, index));
    const bar = bars[this.barAt];
    this.showTip(this.barAt, "Enter to list them");
    const words = `${this.spokenRangeOf(bar)}: ${this.countOf(bar)}`;
    this.bars.setAttribute("aria-label", `Bar ${this.barAt + 1} of ${bars.length}, ${words}. Enter lists them.`);
    this.speak(words);
  }

  pressOnBars(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const bars = this.shownBars;
    const at = this.barAt ?? 0;
    const step = event.shiftKey ? 10 : 1;
    const places = {
      ArrowRight: at + step,
      ArrowLeft: at - step,
      PageUp: at + 10,
      PageDown: at - 10,
      Home: 0,
      End: bars.length - 1,
    };
    if (event.key in places) this.goToBar(places[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.open(bars[Math.min(at, bars.length - 1)]);
    else if (!this.zoomByKey(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  open(bar) {
    if (bar && bar.n) this.tell({ opened: [bar.low, bar.high, bar.closed] });
  }

  // ---- beside and below --------------------------------------------------------------------------------------

  /** What has no place on the axis, each as its share of everything there is. */
  drawOutside() {
    const { outside, title, total } = this.data;
    const given = JSON.stringify([outside, title, total.rollouts]);
    if (given === this.outsideGiven) return;
    this.outsideGiven = given;
    const shown = outside.filter((one) => one.count > 0);
    this.outside.hidden = shown.length === 0;
    const head = `No usable ${title.toLowerCase()}`;
    fresh(this.outside).setAttribute("aria-label", head);
    html("span", { class: "head" }, this.outside, head);
    const all = total.rollouts + shown.reduce((sum, one) => sum + (one.isPart ? 0 : one.count), 0);
    for (const one of shown) {
      const button = html("button", { type: "button", title: one.name === "unrated" ? "List these" : "Review these" }, this.outside);
      const words = html("span", { class: "words" }, button);
      html("b", {}, words, whole.format(one.count));
      html("span", {}, words, ` ${one.words}`);
      button.addEventListener("click", () => this.tell({ opened: one.name }));
      if (one.isPart) continue;
      const bar = html("span", { class: "track", "aria-hidden": "true" }, button);
      html("span", { class: "part" }, bar).style.width = `${Math.max(2, (100 * one.count) / all).toFixed(2)}%`;
    }
  }

  /** The whole distribution in words, for those who cannot see it. */
  writeTable() {
    const { title, stops, bins } = this.data;
    fresh(this.table);
    if (!stops.length) return;
    html("caption", {}, this.table, `Distribution of ${title.toLowerCase()}`);
    const head = html("tr", {}, this.table);
    for (const words of [title, "Rollouts"]) html("th", { scope: "col" }, head, words);
    const group = Math.ceil(bins.left.length / TABLE_ROWS);
    for (const bar of barsOf(this.data, group).slice(0, 61)) {
      if (bar.n === 0) continue;
      const row = html("tr", {}, this.table);
      html("th", { scope: "row" }, row, this.spokenRangeOf(bar));
      html("td", {}, row, whole.format(bar.n));
    }
  }
}

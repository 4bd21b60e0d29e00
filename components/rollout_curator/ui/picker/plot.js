// Draws the bars, the axes and the curves of the handle that was moved last.

import { barsOf, grouping, LOWER, MEASURES } from "./counts.js";
import { BASE, HEIGHT, Look, MARGIN } from "./look.js";
import { amount, count, fresh, html, Scale, set, svg, ticks, tickWords } from "./numbers.js";

export class Plot extends Look {
  /** The whole axis; with touching bins it ends where a whole bar does, so that a spike at the end has its width. */
  domain() {
    if (this.data.kind === "boolean") return { low: -0.5, high: 1.5 };
    const { left, right, first, perValue } = this.data.bins;
    const n = left.length;
    const low = left[0];
    const high = right[n - 1];
    if (perValue) return { low, high };
    const group = grouping(this.width / n);
    const step = high / n - low / n;
    const before = ((first % group) + group) % group;
    const after = (group - ((((first + n) % group) + group) % group)) % group;
    return { low: low - before * step, high: high + after * step };
  }

  draw() {
    if (!this.data) return;
    const isEmpty = this.data.stops.length === 0;
    this.empty.hidden = !isEmpty;
    this.stage.hidden = this.numbers.hidden = isEmpty;
    for (const [name, button] of Object.entries(this.buttons)) button.hidden = isEmpty || (name === "most" && !this.most());
    if (isEmpty) return this.drawEmpty();
    const outer = Math.round(this.stage.clientWidth);
    if (!outer) return;
    this.outer = outer;
    this.width = Math.max(80, outer - MARGIN.left - MARGIN.right);
    this.settleView();
    this.scale = new Scale(this.view ?? this.domain(), MARGIN.left, this.width);
    this.svg.setAttribute("viewBox", `0 0 ${outer} ${HEIGHT}`);
    set(this.frame, { x: MARGIN.left - 3, y: 0, width: this.width + 6, height: BASE });
    set(this.barsRing, { x: MARGIN.left - 4, width: this.width + 8 });
    set(this.strip, { x: MARGIN.left, y: BASE, width: this.width, height: MARGIN.bottom });
    this.shownBars = this.visibleBars();
    this.top = Math.max(1, ...this.shownBars.map((bar) => bar.n));
    this.drawBars();
    this.drawAxes();
    this.drawCurves();
    this.follow();
  }

  drawEmpty() {
    const { total, missing, infinite, title } = this.data;
    const head = total.rollouts === 0 ? "No rollouts" : `No ${title.toLowerCase()} values`;
    const odd = infinite ? `, ${count(infinite, "infinite one", "infinite ones")}` : "";
    const none = `${count(missing, "rollout has", "rollouts have")} no value${odd}; a threshold would have no effect.`;
    const why = total.rollouts === 0 ? "No rollouts match the filters." : none;
    fresh(this.empty).append(html("strong", {}, null, head), html("span", {}, null, why));
  }

  height(n) {
    const share = this.isLog ? Math.log10(1 + n) / Math.log10(1 + this.top) : n / this.top;
    return share * (BASE - MARGIN.top);
  }

  /** The bars in view, in pixels: fine bins are added up until a bar is wide enough to see. */
  visibleBars() {
    const { left, right, first, perValue } = this.data.bins;
    const { scale } = this;
    const pixels = scale.x(right[0]) - scale.x(left[0]);
    const group = perValue ? 1 : grouping(pixels);
    const bars = barsOf(this.data, group).filter((bar) => bar.high >= scale.low && bar.low <= scale.high);
    const half = Math.min(28, Math.max(3, pixels * 0.4));
    for (const bar of bars) {
      bar.from = perValue ? scale.x(bar.low) - half : scale.x(left[bar.at]) - ((((first + bar.at) % group) + group) % group) * pixels;
      bar.to = perValue ? bar.from + 2 * half : bar.from + group * pixels;
    }
    return bars;
  }

  drawBars() {
    const outline = this.outline((bar) => bar.n);
    this.droppedBars.setAttribute("d", outline);
    this.keptBars.setAttribute("d", outline);
    this.alwaysBars.setAttribute("d", this.outline((bar) => bar.always));
  }

  outline(amountOf) {
    const rise = (bar) => {
      const gap = bar.to - bar.from > 4 ? 0.5 : 0;
      const top = BASE - Math.max(1.5, this.height(amountOf(bar)));
      return `M${(bar.from + gap).toFixed(2)} ${BASE}V${top.toFixed(2)}H${(bar.to - gap).toFixed(2)}V${BASE}Z`;
    };
    return this.shownBars.filter((bar) => amountOf(bar) > 0).map(rise).join("");
  }

  drawAxes() {
    const axis = fresh(this.axis);
    const right = MARGIN.left + this.width;
    const line = (x1, y1, x2, y2, name = "") => svg("line", { x1, y1, x2, y2, class: name }, axis);
    const text = (x, y, anchor, words) => svg("text", { x, y, "text-anchor": anchor }, axis, words);
    for (const n of this.countTicks()) {
      const y = BASE - this.height(n);
      line(MARGIN.left, y, right, y);
      text(MARGIN.left - 6, y + 4, "end", amount(n));
    }
    for (const share of [0, 50, 100]) {
      const y = BASE - (share / 100) * (BASE - MARGIN.top);
      line(right, y, right + 4, y, "base");
      text(right + 7, y + 4, "start", `${share}%`);
    }
    for (const { x, words } of this.valueTicks()) {
      line(x, BASE, x, BASE + 4, "base");
      if (words) text(x, BASE + 17, "middle", words);
    }
    line(MARGIN.left, BASE, right, BASE, "base");
    text(MARGIN.left - 6, 33, "end", "rollouts");
    text(right + 7, 17, "start", "kept");
  }

  countTicks() {
    if (!this.isLog) return ticks(0, this.top, 4).filter((n) => n > 0 && Number.isInteger(n));
    const powers = [];
    for (let n = 1; n <= this.top; n *= 10) powers.push(n);
    const every = Math.ceil(powers.length / 5);
    return powers.filter((_, i) => i % every === 0);
  }

  /** Ticks on the values themselves when they are few, else at round numbers; words only where they have room. */
  valueTicks() {
    const { scale } = this;
    const { low, high } = scale;
    if (this.data.kind === "boolean") return ["no", "yes"].map((words, value) => ({ x: scale.x(value), words }));
    const shown = this.data.stops.filter((value) => value >= low && value <= high);
    const isFew = this.data.bins.perValue && shown.length > 0 && shown.length <= 12;
    const values = isFew ? shown : ticks(low, high, Math.max(2, Math.floor(this.width / 90)));
    const words = tickWords(values);
    let taken = -Infinity;
    return values.map((value, i) => {
      const x = scale.x(value);
      const half = words[i].length * 3.3;
      if (x - half < taken + 8) return { x, words: "" };
      taken = x + half;
      return { x, words: words[i] };
    });
  }

  drawCurves() {
    const isKnown = this.shown[this.other()] === this.data.bounds[this.other()];
    for (const name of MEASURES) this.curves[name].setAttribute("d", isKnown ? this.curve(name) : "");
    this.findPlaces(isKnown);
  }

  /** A staircase; steps that are too small to be seen are left out, for each costs time on every move. */
  curve(name) {
    const { stops, total } = this.data;
    const steps = this.active === LOWER ? this.data.lower : this.data.upper;
    const height = (n) => BASE - (total[name] ? n / total[name] : 0) * (BASE - MARGIN.top);
    const isFalling = this.active === LOWER;
    const all = this.domain();
    let last = { x: this.scale.x(all.low), y: height(isFalling ? steps[name][0] : steps.beyond[name]) };
    const path = [`M${last.x.toFixed(1)} ${last.y.toFixed(1)}`];
    stops.forEach((value, i) => {
      const after = isFalling ? (i + 1 < stops.length ? steps[name][i + 1] : steps.beyond[name]) : steps[name][i];
      const step = { x: this.scale.x(value), y: height(after) };
      if (i < stops.length - 1 && Math.abs(step.x - last.x) < 2 && Math.abs(step.y - last.y) < 0.5) return;
      path.push(`H${step.x.toFixed(1)}V${step.y.toFixed(1)}`);
      last = step;
    });
    return `${path.join("")}H${this.scale.x(all.high).toFixed(1)}`;
  }
}

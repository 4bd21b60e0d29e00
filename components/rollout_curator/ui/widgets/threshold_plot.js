// Draws the bars, curves, axes and the handle for the shown threshold.
//
// Joined with its neighbours by `threshold.py`, in the order numbers, look, plot, then `threshold.js`.

const SPEAK_AFTER_MS = 500;
const GROUPS = [1, 2, 5, 10, 20, 50, 100, 200];

class Plot extends Look {
  /** The whole axis; with touching bins it ends where a whole bar does, so that a spike at the end has its width. */
  domain() {
    const { left, right, first, perValue } = this.data.bins;
    const n = left.length;
    const low = left[0];
    const high = right[n - 1];
    if (perValue) return { low, high };
    const group = this.group(this.width / n);
    const step = high / n - low / n;
    const before = ((first % group) + group) % group;
    const after = (group - ((((first + n) % group) + group) % group)) % group;
    return { low: low - before * step, high: high + after * step };
  }

  /** How many fine bins make a bar, when one is so many pixels wide. */
  group(pixels) {
    return GROUPS.find((n) => n * pixels >= 7) ?? GROUPS[GROUPS.length - 1];
  }

  /** Where a value lies; halves keep the widest possible range finite. */
  x(value) {
    const { low, high } = this.view ?? this.domain();
    const span = high / 2 - low / 2;
    const share = span > 0 ? (value / 2 - low / 2) / span : 0.5;
    return this.left + Math.min(20, Math.max(-20, share)) * this.width;
  }

  valueAt(x) {
    const { low, high } = this.view ?? this.domain();
    return low + 2 * (high / 2 - low / 2) * Math.min(1, Math.max(0, (x - this.left) / this.width));
  }

  height(n) {
    const share = this.isLog ? Math.log10(1 + n) / Math.log10(1 + this.top) : n / this.top;
    return share * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  draw() {
    if (!this.data) return;
    const isEmpty = this.data.stops.value.length === 0;
    this.empty.hidden = !isEmpty;
    this.stage.hidden = this.numbers.hidden = isEmpty;
    for (const button of Object.values(this.buttons)) button.hidden = isEmpty;
    if (isEmpty) return this.drawEmpty();
    const outer = Math.round(this.root.clientWidth);
    if (!outer) return;
    this.left = MARGIN.left;
    this.width = Math.max(80, outer - MARGIN.left - MARGIN.right);
    this.svg.setAttribute("viewBox", `0 0 ${outer} ${HEIGHT}`);
    const plot = { x: this.left - 3, y: 0, width: this.width + 6, height: HEIGHT - MARGIN.bottom };
    for (const [name, value] of Object.entries(plot)) this.frame.setAttribute(name, value);
    const bars = this.visibleBars();
    this.top = Math.max(1, ...bars.map((bar) => bar.n));
    this.drawBars(bars);
    this.drawAxes();
    for (const name of MEASURES) this.curves[name].setAttribute("d", this.curve(name));
    this.buttons.log.setAttribute("aria-pressed", String(this.isLog));
    this.buttons.all.disabled = !this.view;
    this.follow();
  }

  drawEmpty() {
    const { total, unrated, infinite } = this.data;
    const head = total.rollouts === 0 ? "No rollouts to choose from" : "No reward to choose by";
    const missing = `${count(unrated, "rollout has", "rollouts have")} no reward`;
    const odd = infinite ? `, ${count(infinite, "has", "have")} an infinite one` : "";
    const why = total.rollouts === 0 ? "Nothing matches the filters, or nothing was opened." : `${missing}${odd}; a threshold would keep none of them.`;
    fresh(this.empty).append(html("strong", {}, null, head), html("span", {}, null, why));
  }

  /** The bars in view, in pixels: fine bins are added up until a bar is wide enough to see. */
  visibleBars() {
    const { left, right, count: counts, first, perValue } = this.data.bins;
    const { low, high } = this.view ?? this.domain();
    const bars = [];
    if (perValue) {
      left.forEach((from, i) => {
        const middle = this.x(this.data.stops.value[i]);
        const half = Math.min(28, Math.max(2, (this.x(right[i]) - this.x(from)) * 0.4));
        if (right[i] >= low && from <= high) bars.push({ from: middle - half, to: middle + half, n: counts[i] });
      });
      return bars;
    }
    const pixels = this.x(right[0]) - this.x(left[0]);
    const group = this.group(pixels);
    let key = null;
    for (let i = 0; i < left.length; i++) {
      if (right[i] < low || left[i] > high) continue;
      const its = Math.floor((first + i) / group);
      if (its !== key) {
        const from = this.x(left[i]) - (first + i - its * group) * pixels;
        bars.push({ from, to: from + group * pixels, n: 0 });
      }
      key = its;
      bars[bars.length - 1].n += counts[i];
    }
    return bars;
  }

  drawBars(bars) {
    const base = HEIGHT - MARGIN.bottom;
    const outline = bars
      .filter((bar) => bar.n > 0)
      .map((bar) => {
        const gap = bar.to - bar.from > 4 ? 0.5 : 0;
        const top = base - Math.max(1.5, this.height(bar.n));
        return `M${(bar.from + gap).toFixed(2)} ${base}V${top.toFixed(2)}H${(bar.to - gap).toFixed(2)}V${base}Z`;
      })
      .join("");
    this.droppedBars.setAttribute("d", outline);
    this.keptBars.setAttribute("d", outline);
    this.barWidth = bars.length ? bars[0].to - bars[0].from : 0;
  }

  drawAxes() {
    const axis = fresh(this.axis);
    const base = HEIGHT - MARGIN.bottom;
    const right = this.left + this.width;
    const line = (x1, y1, x2, y2, name = "") => svg("line", { x1, y1, x2, y2, class: name }, axis);
    const text = (x, y, anchor, words) => svg("text", { x, y, "text-anchor": anchor }, axis, words);
    for (const n of this.countTicks()) {
      const y = base - this.height(n);
      line(this.left, y, right, y);
      text(this.left - 6, y + 4, "end", amount(n));
    }
    for (const share of [0, 50, 100]) {
      const y = base - (share / 100) * (base - MARGIN.top);
      line(right, y, right + 4, y, "base");
      text(right + 7, y + 4, "start", `${share} %`);
    }
    const { low, high } = this.view ?? this.domain();
    for (const value of this.valueTicks(low, high)) {
      const x = this.x(value);
      line(x, base, x, base + 4, "base");
      text(x, base + 16, "middle", number(value));
    }
    line(this.left, base, right, base, "base");
    text(this.left - 6, MARGIN.top - 14, "end", "count");
    text(right + 7, MARGIN.top - 14, "start", "kept");
  }

  countTicks() {
    if (!this.isLog) return ticks(0, this.top, 4).filter((n) => n > 0 && Number.isInteger(n));
    const powers = [];
    for (let n = 1; n <= this.top; n *= 10) powers.push(n);
    const every = Math.ceil(powers.length / 5);
    return powers.filter((_, i) => i % every === 0);
  }

  /** Ticks on the values themselves when they are few and lie apart, else at round numbers. */
  valueTicks(low, high) {
    const stops = this.data.stops.value;
    const shown = stops.filter((value) => value >= low && value <= high);
    const apart = shown.every((value, i) => i === 0 || this.x(value) - this.x(shown[i - 1]) > 44);
    if (this.data.bins.perValue && shown.length && shown.length <= 12 && apart) return shown;
    return ticks(low, high, Math.max(2, Math.floor(this.width / 90)));
  }

  /** A falling staircase; steps that are too small to be seen are left out, for each costs time on every move. */
  curve(name) {
    const { stops, total } = this.data;
    const base = HEIGHT - MARGIN.bottom;
    const y = (i) => base - (total[name] ? stops[name][i] / total[name] : 0) * (base - MARGIN.top);
    const n = stops.value.length;
    let last = { x: this.x(this.domain().low), y: y(0) };
    const path = [`M${last.x.toFixed(1)} ${last.y.toFixed(1)}`];
    stops.value.forEach((value, i) => {
      const step = { x: this.x(value), y: y(i + 1) };
      if (i < n - 1 && Math.abs(step.x - last.x) < 2 && Math.abs(step.y - last.y) < 0.5) return;
      path.push(`H${step.x.toFixed(1)}V${step.y.toFixed(1)}`);
      last = step;
    });
    return `${path.join("")}H${this.x(this.domain().high).toFixed(1)}`;
  }

  /** Bring everything that depends on the threshold up to date: the part that runs on each move. */
  follow() {
    const { value, data } = this;
    const kept = this.kept();
    const at = value === null ? this.left : this.x(value);
    const inside = Math.min(this.left + this.width, Math.max(this.left, at));
    const edge = value === null ? -1 : data.bins.perValue ? this.edgeOfKept(value) : at;
    const place = (rect, from, to) => {
      const box = { x: from, y: 0, width: Math.max(0, to - from), height: HEIGHT };
      for (const [name, number] of Object.entries(box)) rect.setAttribute(name, number);
    };
    const right = this.left + this.width + 3;
    place(this.keptClip, Math.min(edge, right), right);
    place(this.droppedClip, 0, Math.min(edge, right));
    this.root.classList.toggle("none", value === null);
    this.handle.setAttribute("transform", `translate(${inside.toFixed(2)} 0)`);
    this.handle.setAttribute("opacity", inside === at ? "1" : "0.35");
    this.write(kept, inside);
    this.label(kept, inside);
  }

  /** The left side of the first bar that is kept, so that a bar is never cut through its one value. */
  edgeOfKept(value) {
    const stops = this.data.stops.value;
    const i = lowerBound(stops, value);
    if (i === stops.length) return this.x(value);
    const half = this.barWidth / 2;
    const before = i > 0 ? (this.x(stops[i - 1]) + this.x(stops[i])) / 2 : -Infinity;
    return Math.max(this.x(stops[i]) - half - 1, before);
  }

  /** Put the reading and the three labels beside the handle, on the side that has room, without overlap. */
  label(kept, x) {
    const side = x > this.left + this.width - 110 ? -1 : 1;
    const anchor = side > 0 ? "start" : "end";
    const put = (element, dx, y, words) => {
      element.setAttribute("x", (x + side * dx).toFixed(2));
      if (y !== null) element.setAttribute("y", y.toFixed(2));
      element.setAttribute("text-anchor", anchor);
      element.textContent = words;
    };
    put(this.reading, 15, null, this.value === null ? "no threshold" : `\u2265 ${number(this.value)}`);
    const base = HEIGHT - MARGIN.bottom;
    const total = this.data.total;
    const share = (name) => (total[name] ? kept[name] / total[name] : 0);
    const order = [...MEASURES].sort((a, b) => share(b) - share(a));
    let lowest = MARGIN.top + 8;
    order.forEach((name, i) => {
      const y = base - share(name) * (base - MARGIN.top);
      this.dots[name].setAttribute("cx", x.toFixed(2));
      this.dots[name].setAttribute("cy", y.toFixed(2));
      const room = base - 4 - 14 * (order.length - 1 - i);
      lowest = Math.min(room, Math.max(lowest, y - 4));
      put(this.labels[name], 9, lowest, `${name} ${percent(kept[name], total[name])}`);
      lowest += 14;
    });
  }

  write(kept, x) {
    const { total, unrated, infinite } = this.data;
    const lost = total.tasks - kept.tasks;
    const numbers = fresh(this.numbers);
    for (const name of MEASURES) numbers.setAttribute(`data-${name}`, kept[name]);
    numbers.setAttribute("data-value", this.value === null ? "" : this.value);
    this.handle.setAttribute("data-x", x.toFixed(2));
    const words = (strong, rest) => {
      const part = html("span", {}, numbers);
      html("b", {}, part, strong);
      html("span", {}, part, ` ${rest}`);
    };
    const dot = () => html("span", { class: "sep", "aria-hidden": "true" }, numbers, "\u00b7");
    words(whole.format(kept.rollouts), `${kept.rollouts === 1 ? "rollout" : "rollouts"} kept`);
    dot();
    words(whole.format(kept.tasks), `of ${count(total.tasks, "task", "tasks")} (${whole.format(lost)} lost)`);
    dot();
    words(amount(kept.tokens), kept.tokens === 1 ? "trained token" : "trained tokens");
    numbers.lastChild.title = `${whole.format(kept.tokens)} of ${whole.format(total.tokens)} trained tokens`;
    const notes = [];
    if (unrated) notes.push(`${whole.format(unrated)} unrated ${this.value === null ? "kept" : "not kept"}`);
    if (infinite) notes.push(`${whole.format(infinite)} infinite, off the axis`);
    if (notes.length) html("span", { class: "note" }, numbers, notes.join(", "));
    this.speak(kept, total, lost);
  }

  speak(kept, total, lost) {
    const stops = this.data.stops.value;
    const where = this.value === null ? "no threshold" : `${number(this.value)} or more`;
    const rollouts = `${count(kept.rollouts, "rollout", "rollouts")} kept`;
    const tasks = `${whole.format(kept.tasks)} of ${count(total.tasks, "task", "tasks")}, ${whole.format(lost)} lost`;
    const set = (name, value) => this.handle.setAttribute(name, value);
    set("aria-valuemin", stops[0]);
    set("aria-valuemax", stops[stops.length - 1]);
    set("aria-valuenow", this.value ?? stops[0]);
    set("aria-valuetext", `${where}: ${rollouts}, ${tasks}`);
    this.buttons.none.setAttribute("aria-pressed", String(this.value === null));
    clearTimeout(this.speakTimer);
    this.speakTimer = setTimeout(() => {
      this.spoken.textContent = `${where}: ${rollouts}; ${tasks}; ${whole.format(kept.tokens)} trained tokens`;
    }, SPEAK_AFTER_MS);
  }
}

// One small plot: a histogram, the handle of its lower bound, and what that keeps.
//
// A panel that follows the bound for all shows it as a thin line until its handle is moved; then the bound is its own.

import { barsOf, keptBy, LOWER, moved, room, stopAt } from "./counts.js";
import { amount, count, fresh, html, reading, Scale, set, svg, ticks, tickWords, whole } from "./numbers.js";

const SMALL = { height: 74, top: 20, base: 56, left: 8, right: 8 };
const COMMIT_AFTER_KEYS_MS = 250;

export class SmallPlot {
  constructor(parent, send, readings) {
    this.send = send;
    this.speak = readings;
    this.isChanged = false;
    this.isDragging = false;
    this.build(parent);
    this.listen();
  }

  build(parent) {
    this.root = html("section", { class: "panel", "data-testid": "threshold-panel" }, parent);
    const head = html("div", { class: "head" }, this.root);
    this.name = html("button", { type: "button", class: "name", "data-testid": "panel-name" }, head);
    this.follows = html("button", { type: "button", class: "follow", "data-testid": "panel-follow" }, head, "Use shared");
    this.follows.title = "Remove this threshold and use the shared one";
    this.note = html("div", { class: "note" }, this.root);
    this.svg = svg("svg", { height: SMALL.height, "data-testid": "panel-plot" }, this.root);
    const id = `kept-${(SmallPlot.made = (SmallPlot.made ?? 0) + 1)}`;
    this.clip = svg("rect", { y: 0, height: SMALL.height }, svg("clipPath", { id }, svg("defs", {}, this.svg)));
    this.axis = svg("g", { class: "axis", "aria-hidden": "true" }, this.svg);
    this.dropped = svg("path", { class: "dropped" }, this.svg);
    this.kept = svg("path", { class: "kept" }, svg("g", { "clip-path": `url(#${id})` }, this.svg));
    this.handle = svg("g", { class: "handle", role: "slider", tabindex: 0, "data-testid": "panel-handle" }, this.svg);
    svg("rect", { class: "hit", x: -10, y: 0, width: 20, height: SMALL.height }, this.handle);
    svg("line", { x1: 0, y1: SMALL.top - 4, x2: 0, y2: SMALL.base }, this.handle);
    svg("rect", { class: "ring", x: -8, y: 1, width: 16, height: 18, rx: 5 }, this.handle);
    svg("rect", { class: "grip", x: -4, y: 4, width: 8, height: 12, rx: 2.5 }, this.handle);
    this.reading = svg("text", { class: "reading", y: 14, "aria-hidden": "true" }, this.svg);
    this.numbers = html("div", { class: "numbers", "data-testid": "panel-numbers" }, this.root);
  }

  listen() {
    this.name.addEventListener("click", () => this.tell({ opened: true }));
    this.follows.addEventListener("click", () => this.follow());
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.isDragging && this.dragTo(event));
    this.svg.addEventListener("pointerup", () => this.release());
    this.svg.addEventListener("pointercancel", () => this.release());
    this.handle.addEventListener("keydown", (event) => this.press(event));
    this.handle.addEventListener("blur", () => this.commit());
  }

  // ---- what the server says ----------------------------------------------------------------------------------

  update(data, isHeard) {
    this.data = data;
    if (!this.isChanged && !this.isDragging && isHeard) {
      this.shown = data.bounds.atLeast;
      this.isOwn = data.own;
      this.isWaiting = false;
    }
    this.name.textContent = data.name;
    this.name.title = `List the rollouts of ${data.name}`;
    this.note.textContent = data.note;
    this.handle.setAttribute("aria-label", `${data.name}: minimum`);
  }

  /** Its own stretch of the axis, null where nothing has a place on one. */
  domain() {
    const { left, right } = this.data.bins;
    return left.length ? { low: left[0], high: right[right.length - 1] } : null;
  }

  // ---- what the user does ------------------------------------------------------------------------------------

  tell(choice) {
    this.send({ name: this.data.name, ...choice });
  }

  bounds() {
    return { ...this.data.bounds, atLeast: this.shown };
  }

  show(value) {
    if (value === this.shown) return;
    Object.assign(this, { shown: value, isOwn: true, isChanged: true });
    this.refresh();
  }

  commit() {
    clearTimeout(this.timer);
    if (!this.isChanged || this.isDragging) return;
    this.isChanged = false;
    this.tell({ atLeast: this.shown });
  }

  follow() {
    clearTimeout(this.timer);
    Object.assign(this, { isChanged: false, isOwn: false, isWaiting: true });
    this.tell({ atLeast: null });
    this.refresh();
    this.handle.focus({ preventScroll: true });
  }

  grab(event) {
    if (event.button !== 0 || !this.data.stops.length) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.box = this.svg.getBoundingClientRect();
    this.isDragging = true;
    this.root.classList.add("by-pointer");
    this.handle.focus({ preventScroll: true });
    if (!this.handle.contains(event.target)) this.dragTo(event);
  }

  dragTo(event) {
    const value = this.scale.value(event.clientX - this.box.left);
    this.show(stopAt(this.data.stops, LOWER, this.bounds(), value));
  }

  release() {
    if (!this.isDragging) return;
    this.isDragging = false;
    this.commit();
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.data.stops.length) return;
    const { stops } = this.data;
    const { first, last } = room(stops, LOWER, this.bounds());
    const step = event.shiftKey ? 10 : 1;
    const steps = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: 10, PageDown: -10 };
    const moveBy = (n) => moved(stops, LOWER, this.bounds(), n);
    if (event.key in steps) this.show(moveBy(steps[event.key]));
    else if (event.key === "Home") this.show(stops[first]);
    else if (event.key === "End") this.show(stops[last]);
    else if ((event.key === "Delete" || event.key === "Backspace") && this.isOwn) this.follow();
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.root.classList.remove("by-pointer");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.commit(), COMMIT_AFTER_KEYS_MS);
  }

  // ---- drawing -----------------------------------------------------------------------------------------------

  draw(domain) {
    const outer = Math.round(this.svg.clientWidth);
    const isEmpty = !this.data.stops.length;
    this.svg.classList.toggle("blank", isEmpty);
    if (isEmpty) this.readBlank();
    if (outer && !isEmpty) {
      this.outer = outer;
      this.scale = new Scale(domain ?? this.domain(), SMALL.left, Math.max(40, outer - SMALL.left - SMALL.right));
      this.svg.setAttribute("viewBox", `0 0 ${outer} ${SMALL.height}`);
      this.drawBars();
      this.drawAxis();
    }
    this.refresh();
  }

  readBlank() {
    this.outer = null;
    this.svg.removeAttribute("viewBox");
    set(this.reading, { x: 2, "text-anchor": "start" });
    this.reading.textContent = "no rewards to plot";
  }

  drawBars() {
    const { left, right, perValue } = this.data.bins;
    const { scale } = this;
    const pixels = scale.x(right[0]) - scale.x(left[0]);
    this.half = perValue ? Math.min(9, Math.max(1.5, pixels * 0.4)) : 0;
    const bars = barsOf(this.data, perValue ? 1 : [1, 2, 5, 10, 20, 50, 100].find((n) => n * pixels >= 4) ?? 200);
    const top = Math.max(1, ...bars.map((bar) => bar.n));
    const outline = bars
      .filter((bar) => bar.n > 0)
      .map((bar) => {
        const from = scale.x(bar.low) - this.half;
        const to = Math.max(from + 1.5, scale.x(bar.high) + this.half);
        const y = SMALL.base - Math.max(1.5, (bar.n / top) * (SMALL.base - SMALL.top));
        return `M${from.toFixed(2)} ${SMALL.base}V${y.toFixed(2)}H${to.toFixed(2)}V${SMALL.base}Z`;
      })
      .join("");
    this.dropped.setAttribute("d", outline);
    this.kept.setAttribute("d", outline);
  }

  drawAxis() {
    const axis = fresh(this.axis);
    const { scale, outer } = this;
    svg("line", { x1: SMALL.left, y1: SMALL.base, x2: outer - SMALL.right, y2: SMALL.base }, axis);
    const values = ticks(scale.low, scale.high, Math.max(2, Math.floor(outer / 90)));
    const words = tickWords(values);
    values.forEach((value, i) => {
      const x = scale.x(value);
      const half = words[i].length * 3.2;
      svg("line", { x1: x, y1: SMALL.base, x2: x, y2: SMALL.base + 3 }, axis);
      const at = Math.min(outer - half - 1, Math.max(half + 1, x));
      svg("text", { x: at, y: SMALL.base + 14, "text-anchor": "middle" }, axis, words[i]);
    });
  }

  /** Bring everything that depends on the bound up to date. */
  refresh() {
    const { shown, data } = this;
    const kept = this.isWaiting ? null : keptBy(data, this.bounds());
    if (this.outer) this.place();
    this.root.classList.toggle("own", this.isOwn);
    this.follows.hidden = !this.isOwn;
    const { total } = data;
    set(this.numbers, { "data-rollouts": kept && kept.rollouts, "data-tasks": kept && kept.tasks });
    set(this.numbers, { "data-tokens": kept && kept.tokens, "data-value": shown ?? "" });
    const words = kept
      ? `${whole.format(kept.rollouts)} of ${whole.format(total.rollouts)} pass \u00b7 ${whole.format(kept.tasks)} of ` +
        `${count(total.tasks, "task", "tasks")} \u00b7 ${amount(kept.tokens)} tokens`
      : "counting\u2026";
    this.numbers.textContent = words;
    this.describe(words);
  }

  place() {
    const { shown, scale, outer } = this;
    const right = outer - SMALL.right;
    const at = shown === null ? SMALL.left : scale.x(shown);
    const x = Math.min(right, Math.max(SMALL.left, at));
    const from = shown === null ? 0 : Math.min(outer, at - this.half - 1);
    set(this.clip, { x: from.toFixed(2), width: (outer - from).toFixed(2) });
    set(this.handle, { transform: `translate(${x.toFixed(2)} 0)`, "data-x": x.toFixed(2) });
    const bound = shown === null ? "no threshold" : `\u2265 ${reading(this.data.stops, shown)}`;
    const words = this.isOwn || shown === null ? bound : `${bound} (shared)`;
    const isLeft = x + words.length * 6.6 + 14 > outer;
    set(this.reading, { x: (isLeft ? x - 9 : x + 9).toFixed(2), "text-anchor": isLeft ? "end" : "start" });
    this.reading.textContent = words;
  }

  describe(words) {
    const { stops } = this.data;
    if (!stops.length) return;
    const now = this.shown ?? stops[0];
    const where = this.shown === null ? "no threshold" : `${reading(stops, this.shown)} or more`;
    set(this.handle, {
      "aria-valuemin": Math.min(now, stops[0]),
      "aria-valuemax": Math.max(now, stops[stops.length - 1]),
      "aria-valuenow": now,
      "aria-valuetext": `${where}${this.isOwn ? "" : ", uses the shared threshold"}: ${words}`,
    });
    if (this.isChanged) this.speak(`${this.data.name}: ${where}, ${words}`);
  }

  close() {
    clearTimeout(this.timer);
    this.root.remove();
  }
}

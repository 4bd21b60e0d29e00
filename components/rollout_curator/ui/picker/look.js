// The elements of the picker, before anything is drawn: nothing here knows the data.

import { LOWER, MEASURES, UPPER } from "./counts.js";
import { html, svg } from "./numbers.js";

export const HEIGHT = 240;
export const MARGIN = { top: 42, right: 52, bottom: 24, left: 56 };
export const BASE = HEIGHT - MARGIN.bottom;
export const SHAPES = {
  atLeast: { side: -1, row: 13, testid: "threshold-handle", grip: "M0 3H-9A3 3 0 0 0-12 6V17A3 3 0 0 0-9 20H0Z" },
  atMost: { side: 1, row: 32, testid: "threshold-handle-upper", grip: "M0 22H9A3 3 0 0 1 12 25V36A3 3 0 0 1 9 39H0Z" },
};

const HELP =
  "Drag, or use arrow keys (Shift = 10 steps; PageUp/Down, Home, End). Delete clears, Esc cancels a drag, " +
  "+ \u2212 0 zoom, Enter lists the rollouts in this bar.";

export class Look {
  build(parent) {
    this.root = html("div", { class: "picker", "data-testid": "threshold-picker" }, parent);
    this.buildBar();
    const body = html("div", { class: "body" }, this.root);
    this.stage = html("div", { class: "stage" }, body);
    this.outside = html("div", { class: "outside", role: "group", "data-testid": "threshold-outside" }, body);
    this.svg = svg("svg", { height: HEIGHT, "data-testid": "threshold-plot" }, this.stage);
    this.buildPlot();
    this.handles = { atLeast: this.buildHandle(LOWER), atMost: this.buildHandle(UPPER) };
    this.buildLabels();
    this.tip = html("div", { class: "tip", "data-testid": "threshold-tip", hidden: "" }, this.stage);
    this.tipText = { range: html("b", {}, this.tip), rest: html("span", {}, this.tip), hint: html("i", {}, this.tip) };
    this.buildNumbers();
    this.spoken = html("output", { class: "spoken", "aria-live": "polite" }, this.root);
    const hidden = html("div", { class: "spoken" }, this.root);
    this.table = html("table", { "data-testid": "threshold-table" }, hidden);
    this.empty = html("div", { class: "empty", "data-testid": "threshold-empty" }, body);
  }

  buildBar() {
    const bar = html("div", { class: "bar" }, this.root);
    this.title = html("span", { class: "title" }, bar);
    this.range = html("span", { class: "range", "data-testid": "threshold-range" }, bar);
    this.buttons = {
      upper: this.button(bar, "Add max", "threshold-upper", () => this.toggleUpper()),
      log: this.button(bar, "Log scale", "threshold-log", () => this.toggleLog()),
      most: this.button(bar, "Middle 98%", "threshold-zoom-most", () => this.lookAtMiddle()),
      closer: this.button(bar, "Zoom in", "threshold-zoom-in", () => this.zoom(0.25)),
      all: this.button(bar, "Reset zoom", "threshold-zoom-out", () => this.zoom(null)),
    };
    this.buttons.closer.title = "You can also drag along the axis, or press + \u2212 0 on a handle";
    this.buttons.most.title = "Zoom to the 1st\u201399th percentile";
    this.buttons.upper.title = "The highest value that is kept";
  }

  button(parent, text, testid, act) {
    const button = html("button", { type: "button", "data-testid": testid }, parent, text);
    button.addEventListener("click", act);
    return button;
  }

  buildPlot() {
    const defs = svg("defs", {}, this.svg);
    const hatch = { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    svg("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 5 }, svg("pattern", hatch, defs));
    this.frame = svg("rect", {}, svg("clipPath", { id: "frame" }, defs));
    this.keptClip = svg("rect", { y: 0, height: HEIGHT }, svg("clipPath", { id: "kept" }, defs));
    this.strip = svg("rect", { class: "strip", "data-testid": "threshold-strip" }, this.svg);
    this.axis = svg("g", { class: "axis", "aria-hidden": "true" }, this.svg);
    this.bars = svg("g", { class: "bars", tabindex: 0, role: "button", "data-testid": "threshold-bars" }, this.svg);
    this.barsRing = svg("rect", { class: "ring", y: MARGIN.top - 2, height: BASE - MARGIN.top + 4, rx: 4 }, this.bars);
    const inside = svg("g", { "clip-path": "url(#frame)" }, this.bars);
    this.focusBar = svg("rect", { class: "at", y: MARGIN.top, height: BASE - MARGIN.top, hidden: "" }, inside);
    this.droppedBars = svg("path", { class: "dropped", "data-testid": "threshold-dropped" }, inside);
    this.alwaysBars = svg("path", { class: "kept", "data-testid": "threshold-always" }, inside);
    const kept = svg("g", { "clip-path": "url(#kept)" }, inside);
    this.keptBars = svg("path", { class: "kept", "data-testid": "threshold-kept" }, kept);
    this.curves = {};
    for (const name of MEASURES) this.curves[name] = svg("path", { class: `curve ${name}` }, inside);
    this.brush = svg("rect", { class: "brush", y: MARGIN.top, height: HEIGHT - MARGIN.top, hidden: "" }, this.svg);
  }

  buildHandle(name) {
    const { side, testid, grip } = SHAPES[name];
    const top = name === LOWER ? 0 : 20;
    const handle = svg("g", { class: "handle", role: "slider", tabindex: 0, "data-testid": testid }, this.svg);
    svg("rect", { class: "hit", x: side < 0 ? -18 : -6, y: top, width: 24, height: BASE - top }, handle);
    svg("line", { x1: 0, y1: top + 3, x2: 0, y2: BASE }, handle);
    svg("rect", { class: "ring", x: side < 0 ? -16 : -3, y: top, width: 19, height: 23, rx: 6 }, handle);
    svg("path", { class: "grip", d: grip }, handle);
    svg("title", {}, handle, HELP);
    for (const x of [4, 8]) svg("line", { class: "notch", x1: side * x, y1: top + 8, x2: side * x, y2: top + 15 }, handle);
    return handle;
  }

  buildLabels() {
    const labels = svg("g", { class: "labels", "aria-hidden": "true" }, this.svg);
    this.readings = {};
    for (const [name, { row }] of Object.entries(SHAPES)) {
      this.readings[name] = svg("text", { class: "reading", y: row + 4, "data-testid": `threshold-reading-${name}` }, labels);
    }
    this.dots = {};
    this.labels = {};
    for (const name of MEASURES) {
      this.dots[name] = svg("circle", { class: `dot ${name}`, r: 3 }, labels);
      const label = svg("g", { class: `label ${name}`, "data-testid": `threshold-label-${name}` }, labels);
      this.labels[name] = { group: label, sample: svg("line", { class: "sample" }, label), text: svg("text", {}, label) };
    }
  }

  buildNumbers() {
    this.numbers = html("div", { class: "numbers", "data-testid": "threshold-numbers" }, this.root);
    this.written = {};
    for (const name of MEASURES) {
      if (name !== "rollouts") html("span", { class: "sep", "aria-hidden": "true" }, this.numbers, "\u00b7");
      this.written[name] = this.amount(this.numbers);
    }
    this.then = this.amount(this.numbers, { class: "then", "data-testid": "threshold-then", hidden: "" });
    this.difference = html("span", { class: "difference", "data-testid": "threshold-difference" }, this.numbers);
    this.note = html("span", { class: "note", "data-testid": "threshold-note" }, this.numbers);
    const beyond = html("span", { class: "beyond" }, this.numbers);
    this.beyond = {
      low: this.button(beyond, "", "threshold-beyond-low", () => this.zoom(null)),
      high: this.button(beyond, "", "threshold-beyond-high", () => this.zoom(null)),
    };
    for (const button of Object.values(this.beyond)) button.title = "Show the whole axis";
  }

  amount(parent, attributes = {}) {
    const part = html("span", attributes, parent);
    return { strong: html("b", {}, part), rest: html("span", {}, part), part };
  }
}

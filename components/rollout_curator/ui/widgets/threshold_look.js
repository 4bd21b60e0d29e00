// The elements of the picker, before anything is drawn: nothing here knows the data.
//
// Joined with its neighbours by `threshold.py`, in the order numbers, look, plot, then `threshold.js`.

const HEIGHT = 208;
const MARGIN = { top: 26, right: 46, bottom: 22, left: 54 };
const MEASURES = ["rollouts", "tasks", "tokens"];

class Look {
  build(parent) {
    this.root = html("div", { class: "picker", "data-testid": "threshold-picker" }, parent);
    const bar = html("div", { class: "bar" }, this.root);
    this.title = html("span", { class: "title" }, bar);
    this.buttons = {
      none: this.button(bar, "no threshold", "threshold-none", () => this.choose(null)),
      log: this.button(bar, "log counts", "threshold-log", () => this.toggleLog()),
      closer: this.button(bar, "zoom in", "threshold-zoom-in", () => this.zoom(0.25)),
      all: this.button(bar, "show all", "threshold-zoom-out", () => this.zoom(null)),
    };
    this.stage = html("div", {}, this.root);
    this.svg = svg("svg", { height: HEIGHT, "data-testid": "threshold-plot" }, this.stage);
    const defs = svg("defs", {}, this.svg);
    const hatch = { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    svg("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 5 }, svg("pattern", hatch, defs));
    this.frame = svg("rect", {}, svg("clipPath", { id: "frame" }, defs));
    this.keptClip = svg("rect", {}, svg("clipPath", { id: "kept" }, defs));
    this.droppedClip = svg("rect", {}, svg("clipPath", { id: "dropped" }, defs));
    this.axis = svg("g", { class: "axis", "aria-hidden": "true" }, this.svg);
    const inside = svg("g", { "clip-path": "url(#frame)", "aria-hidden": "true" }, this.svg);
    const dropped = svg("g", { "clip-path": "url(#dropped)" }, inside);
    this.droppedBars = svg("path", { class: "dropped", "data-testid": "threshold-dropped" }, dropped);
    this.keptBars = svg("path", { class: "kept", "data-testid": "threshold-kept" }, svg("g", { "clip-path": "url(#kept)" }, inside));
    this.curves = {};
    for (const name of MEASURES) this.curves[name] = svg("path", { class: `curve ${name}` }, inside);
    this.buildHandle();
    this.numbers = html("div", { class: "numbers", "data-testid": "threshold-numbers" }, this.root);
    this.spoken = html("output", { class: "spoken", "aria-live": "polite" }, this.root);
    this.empty = html("div", { class: "empty", "data-testid": "threshold-empty" }, this.root);
  }

  button(parent, text, testid, act) {
    const made = html("button", { type: "button", "data-testid": testid }, parent, text);
    made.addEventListener("click", act);
    return made;
  }

  buildHandle() {
    const labels = svg("g", { "aria-hidden": "true" }, this.svg);
    const bottom = HEIGHT - MARGIN.bottom;
    this.handle = svg("g", { class: "handle", role: "slider", tabindex: 0, "data-testid": "threshold-handle" }, this.svg);
    svg("rect", { class: "hit", x: -12, y: 0, width: 24, height: HEIGHT - MARGIN.bottom + 12 }, this.handle);
    svg("line", { x1: 0, y1: MARGIN.top - 6, x2: 0, y2: bottom }, this.handle);
    svg("rect", { class: "ring", x: -10, y: 1, width: 20, height: 24, rx: 6 }, this.handle);
    svg("rect", { class: "grip", x: -6, y: 4, width: 12, height: 18, rx: 3 }, this.handle);
    for (const x of [-2, 2]) svg("line", { class: "notch", x1: x, y1: 9, x2: x, y2: 17 }, this.handle);
    this.reading = svg("text", { class: "reading", y: 18 }, labels);
    this.dots = {};
    this.labels = {};
    for (const name of MEASURES) {
      this.dots[name] = svg("circle", { class: "dot", r: 3 }, labels);
      this.labels[name] = svg("text", { class: "label" }, labels);
    }
  }
}

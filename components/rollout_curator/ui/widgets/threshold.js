// The threshold picker: draws a histogram, three curves of what is kept, and a handle.
//
// Streamlit calls the default export on every change of data; the picker of a mount is kept beside its root and
// updated in place, so no listener is ever added twice. Text is set through textContent only.

const COMMIT_AFTER_KEYS_MS = 250;
const pickers = new WeakMap();

class Picker extends Plot {
  constructor(parent) {
    super();
    this.value = null; // the threshold shown, null for none
    this.view = null; // the part of the axis shown, null for all of it
    this.sequence = 0; // of the last choice sent
    this.isLog = false;
    this.isDragging = false;
    this.build(parent);
    this.listen();
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.root);
  }

  close() {
    clearTimeout(this.commitTimer);
    this.watcher.disconnect();
    clearTimeout(this.speakTimer);
    this.root.remove();
  }

  listen() {
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.drag(event));
    this.svg.addEventListener("pointerup", (event) => this.release(event));
    this.svg.addEventListener("pointercancel", (event) => this.release(event));
    this.handle.addEventListener("keydown", (event) => this.press(event));
    this.handle.addEventListener("blur", () => {
      this.root.classList.remove("by-pointer");
      this.commit();
    });
  }

  // ---- what the server says ----------------------------------------------------------------------------------

  update(data) {
    const isNew = this.data?.session !== data.session;
    this.data = data;
    if (isNew) {
      this.sequence = data.heard;
      this.chosen = undefined;
    }
    const isOurs = this.isDragging || this.chosen !== undefined || data.heard < this.sequence;
    if (!isOurs) this.value = data.value;
    const stops = data.stops.value;
    if (this.view && (this.view.high < stops[0] || this.view.low > stops[stops.length - 1])) this.view = null;
    this.title.textContent = data.unit ? `${data.title} (${data.unit})` : data.title;
    this.handle.setAttribute("aria-label", `${data.title}: threshold`);
    this.draw();
  }

  /** What the shown threshold keeps. */
  kept(value = this.value) {
    const { stops, total, at, value: given } = this.data;
    if (value === null) return total;
    if (value === given) return at;
    const i = lowerBound(stops.value, value);
    return { rollouts: stops.rollouts[i], tasks: stops.tasks[i], tokens: stops.tokens[i] };
  }

  // ---- what the user does ------------------------------------------------------------------------------------

  show(value) {
    if (value === this.value) return;
    this.value = value;
    this.chosen = value;
    this.follow();
  }

  choose(value) {
    this.show(value);
    this.commit();
  }

  commit() {
    clearTimeout(this.commitTimer);
    if (this.chosen === undefined || this.isDragging) return;
    const value = this.chosen;
    this.chosen = undefined;
    this.sequence += 1;
    this.send({ value, sequence: this.sequence, session: this.data.session });
  }

  grab(event) {
    if (event.button !== 0 || !this.data.stops.value.length) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.isDragging = true;
    this.box = this.svg.getBoundingClientRect();
    this.root.classList.add("by-pointer");
    this.handle.focus({ preventScroll: true });
    this.drag(event);
  }

  drag(event) {
    if (!this.isDragging) return;
    const stops = this.data.stops.value;
    this.show(stops[nearest(stops, this.valueAt(event.clientX - this.box.left))]);
  }

  release(event) {
    if (!this.isDragging) return;
    this.isDragging = false;
    if (this.svg.hasPointerCapture(event.pointerId)) this.svg.releasePointerCapture(event.pointerId);
    this.commit();
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const stops = this.data.stops.value;
    const page = Math.max(10, Math.round(stops.length / 10));
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: page, PageDown: -page };
    if (event.key in moves) this.show(this.moved(moves[event.key]));
    else if (event.key === "Home") this.show(stops[0]);
    else if (event.key === "End") this.show(stops[stops.length - 1]);
    else if (event.key === "Delete" || event.key === "Backspace") this.show(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.root.classList.remove("by-pointer");
    this.reveal();
    clearTimeout(this.commitTimer);
    this.commitTimer = setTimeout(() => this.commit(), COMMIT_AFTER_KEYS_MS);
  }

  /** The stop `n` steps from the shown value, which may lie between two stops. */
  moved(n) {
    const stops = this.data.stops.value;
    let i = this.value === null ? -1 : lowerBound(stops, this.value);
    if (n > 0 && i >= 0 && stops[i] !== this.value) i -= 1;
    const to = Math.min(stops.length - 1, Math.max(0, i + n));
    return this.value === null && n < 0 ? null : stops[to];
  }

  toggleLog() {
    this.isLog = !this.isLog;
    this.draw();
  }

  /** Show a part of the axis around the handle, or all of it. */
  zoom(factor) {
    const { low, high } = this.view ?? this.domain();
    if (factor === null) this.view = null;
    else {
      const half = (high / 2 - low / 2) * factor;
      const middle = this.value === null ? low + half : Math.min(high, Math.max(low, this.value));
      const all = this.domain();
      const from = Math.max(all.low, Math.min(middle - half, all.high - 2 * half));
      if (half > 0 && from + 2 * half > from) this.view = { low: from, high: from + 2 * half };
    }
    this.draw();
  }

  /** Move the view along when a key takes the handle out of it. */
  reveal() {
    if (!this.view || this.value === null) return;
    const { low, high } = this.view;
    if (this.value >= low && this.value <= high) return;
    const half = high / 2 - low / 2;
    this.view = { low: this.value - half, high: this.value + half };
    this.draw();
  }
}

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let picker = pickers.get(parentElement);
  if (!picker) pickers.set(parentElement, (picker = new Picker(parentElement)));
  picker.send = (choice) => setStateValue("threshold", choice);
  picker.update(data);
  return () => {
    picker.close();
    pickers.delete(parentElement);
  };
}

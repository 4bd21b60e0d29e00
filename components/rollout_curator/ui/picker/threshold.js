// The threshold picker: what the server says, and what the user does to the handles.
//
// Streamlit calls the default export on every change of data; the picker of a mount is kept beside its root and
// updated in place, so no listener is ever added twice. Text is set through textContent only.

import { isIn, keptBy, LOWER, moved, room, sameBounds, stopAt, UPPER } from "./counts.js";
import { BASE } from "./look.js";
import { mountOf, Outbox } from "./numbers.js";
import { Zoom } from "./zoom.js";

const COMMIT_AFTER_KEYS_MS = 250;
const COMMIT_AFTER_CLICK_MS = 320; // a second click within this time opens a bar instead

class Picker extends Zoom {
  constructor(parent) {
    super();
    this.shown = { atLeast: null, atMost: null };
    this.active = LOWER; // the handle that was moved last
    this.view = null; // the part of the axis shown, null for all of it
    this.isLog = false;
    this.isChanged = false; // shown but not sent yet
    this.sentBounds = 0; // the sequence of the last bounds sent
    this.press = null; // a pointer that is down
    this.outbox = new Outbox();
    this.build(parent);
    this.listen();
    this.listenToBars();
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.stage);
  }

  close() {
    clearTimeout(this.commitTimer);
    clearTimeout(this.speakTimer);
    this.dim(false);
    this.watcher.disconnect();
    this.root.remove();
  }

  listen() {
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.drag(event));
    this.svg.addEventListener("pointerup", (event) => this.release(event, true));
    this.svg.addEventListener("pointercancel", (event) => this.release(event, false));
    this.svg.addEventListener("dblclick", (event) => this.openUnder(event));
    for (const [name, handle] of Object.entries(this.handles)) {
      handle.addEventListener("keydown", (event) => this.pressKey(event, name));
      handle.addEventListener("focus", () => this.activate(name));
      handle.addEventListener("blur", () => {
        this.root.classList.remove("by-pointer");
        this.commit();
      });
    }
  }

  // ---- what the server says ----------------------------------------------------------------------------------

  update(data) {
    const before = this.data && keptBy(this.data, this.shown);
    if (this.data && this.data.title !== data.title) this.forget();
    this.data = data;
    this.outbox.hear(data);
    if (this.outbox.sequence < this.sentBounds) this.sentBounds = 0;
    const isOurs = this.press || this.isChanged || data.heard < this.sentBounds;
    if (!isOurs) this.shown = { ...data.bounds };
    if (this.shown.atMost === null) this.active = LOWER;
    const after = keptBy(data, this.shown);
    if (!isOurs && before && JSON.stringify(before) !== JSON.stringify(after)) this.from = null;
    this.title.textContent = data.title;
    this.bars.setAttribute("aria-label", `Histogram of ${data.title.toLowerCase()}: use the arrow keys to move between bars`);
    this.writeNote();
    this.writeTable();
    this.drawOutside();
    this.dim(Boolean(isOurs));
    this.draw();
  }

  /** What was done to another axis says nothing about this one. */
  forget() {
    clearTimeout(this.commitTimer);
    Object.assign(this, { view: null, settled: null, from: null, press: null, clicked: null, isChanged: false, sentBounds: 0, active: LOWER });
  }

  tell(choice) {
    this.outbox.add({ ...choice, axis: this.data.title });
  }

  // ---- moving handles ----------------------------------------------------------------------------------------

  activate(name) {
    if (this.active === name) return;
    this.active = name;
    this.drawCurves();
    this.follow();
  }

  show(bounds) {
    if (sameBounds(bounds, this.shown)) return;
    if (!this.isChanged) this.from = { bounds: this.data.bounds, kept: this.data.kept };
    this.shown = bounds;
    this.isChanged = true;
    this.dim(true);
    this.follow();
  }

  /** Let the page dim the funnel while it says what was before the move (`ui/style.py`). */
  dim(isAhead) {
    document.body.toggleAttribute("data-rc-picking", isAhead);
  }

  put(name, value) {
    this.show({ ...this.shown, [name]: value });
  }

  commit() {
    clearTimeout(this.commitTimer);
    if (!this.isChanged || this.press) return;
    this.isChanged = false;
    this.tell({ bounds: this.shown });
    this.sentBounds = this.outbox.sequence;
  }

  commitAfter(ms) {
    clearTimeout(this.commitTimer);
    this.commitTimer = setTimeout(() => {
      this.clicked = null;
      this.commit();
    }, ms);
  }

  toggleUpper() {
    const isThere = this.shown.atMost !== null;
    this.put(UPPER, isThere ? null : this.data.stops[this.data.stops.length - 1]);
    this.activate(isThere ? LOWER : UPPER);
    if (!isThere) this.handles.atMost.focus({ preventScroll: true });
    this.commit();
  }

  // ---- by pointer --------------------------------------------------------------------------------------------

  grab(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.box = this.svg.getBoundingClientRect();
    const x = event.clientX - this.box.left;
    this.press = { x, isMoved: false, isBrush: event.shiftKey || event.clientY - this.box.top > BASE };
    if (this.press.isBrush) return this.startBrush(x);
    clearTimeout(this.commitTimer);
    this.press.before = this.clicked ?? { shown: this.shown, isChanged: this.isChanged, from: this.from };
    const held = [LOWER, UPPER].find((name) => this.handles[name].contains(event.target));
    this.press.name = held ?? this.nearestHandle(x);
    this.press.offset = held ? Number(this.handles[held].dataset.x ?? x) - x : 0;
    this.press.isHeld = held !== undefined;
    this.hideTip();
    this.root.classList.add("by-pointer");
    this.handles[this.press.name].focus({ preventScroll: true });
    this.activate(this.press.name);
    if (!held) this.dragTo(x);
  }

  nearestHandle(x) {
    if (this.shown.atMost === null) return LOWER;
    const low = Number(this.handles.atLeast.dataset.x);
    const high = Number(this.handles.atMost.dataset.x);
    return x <= low || x - low < high - x ? LOWER : UPPER;
  }

  drag(event) {
    if (!this.press) return this.hover(event);
    const x = event.clientX - this.box.left;
    if (Math.abs(x - this.press.x) > 3) this.press.isMoved = true;
    if (this.press.isBrush) return this.moveBrush(x);
    if (this.press.isMoved) this.dragTo(x);
  }

  dragTo(x) {
    const { name, offset } = this.press;
    this.put(name, stopAt(this.data.stops, name, this.shown, this.scale.value(x + offset)));
  }

  release(event, isMeant) {
    const { press } = this;
    if (!press) return;
    this.press = null;
    if (this.svg.hasPointerCapture(event.pointerId)) this.svg.releasePointerCapture(event.pointerId);
    if (press.isBrush) return this.endBrush(event.clientX - this.box.left, isMeant);
    if (!isMeant) return this.takeBack(press.before);
    if (press.isMoved) {
      this.clicked = null;
      return this.commit();
    }
    this.clicked = press.before;
    this.commitAfter(COMMIT_AFTER_CLICK_MS);
  }

  takeBack(before) {
    this.clicked = null;
    Object.assign(this, before);
    this.dim(this.isChanged);
    this.follow();
    this.commit();
  }

  openUnder(event) {
    const box = this.svg.getBoundingClientRect();
    const bar = this.shownBars[this.barUnder(event.clientX - box.left, event.clientY - box.top)];
    if (this.clicked) this.takeBack(this.clicked);
    clearTimeout(this.commitTimer);
    this.open(bar);
  }

  // ---- by keyboard -------------------------------------------------------------------------------------------

  pressKey(event, name) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && this.press?.before) {
      const { before } = this.press;
      this.press = null;
      this.takeBack(before);
    } else if (event.key === "Enter") {
      const value = this.shown[name];
      this.commit();
      if (value !== null) this.open(this.shownBars.find((bar) => isIn(bar, value)));
    } else if (!this.moveByKey(event, name) && !this.zoomByKey(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  moveByKey(event, name) {
    const { stops } = this.data;
    const { first, last } = room(stops, name, this.shown);
    const page = Math.max(10, Math.round(stops.length / 10));
    const step = event.shiftKey ? 10 : 1;
    const steps = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: page, PageDown: -page };
    if (event.key in steps) this.put(name, moved(stops, name, this.shown, steps[event.key]));
    else if (event.key === "Home") this.put(name, stops[first]);
    else if (event.key === "End") this.put(name, stops[last]);
    else if (event.key === "Delete" || event.key === "Backspace") this.put(name, null);
    else return false;
    this.root.classList.remove("by-pointer");
    if (name === UPPER && this.shown.atMost === null) this.handles.atLeast.focus();
    this.reveal(this.shown[name]);
    this.commitAfter(COMMIT_AFTER_KEYS_MS);
    return true;
  }
}

/** @type {(component: {parentElement: Element, data: import("./messages.js").PickerData, setStateValue: Function}) => () => void} */
export default mountOf(Picker);

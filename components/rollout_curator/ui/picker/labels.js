// Names the curves: each label stands beside its curve, on no line, under no handle, and clear of the other labels.

import { LOWER, MEASURES } from "./counts.js";
import { BASE, MARGIN } from "./look.js";
import { lowerBound, percent, set } from "./numbers.js";
import { Plot } from "./plot.js";

const GRID = 12; // places are tried so many pixels apart
const OFF = 8; // a label is so far off its curve
const TALL = 11;
const SAMPLE = 16;
const ABOVE = MARGIN.top - OFF - TALL - 2; // so high a label may stand: above a curve that keeps all
const HANDLE = 15; // half of the width that a handle takes
const READING = 100; // and of what is said beside it

const isApart = (one, other, by) =>
  one.right + by <= other.left || other.right + by <= one.left || one.bottom + by <= other.top || other.bottom + by <= one.top;

export class Labels extends Plot {
  /** What a curve keeps when the active handle stands at an x, as a height. */
  heightAt(name, x) {
    const { stops, total } = this.data;
    const steps = this.active === LOWER ? this.data.lower : this.data.upper;
    const value = this.scale.value(x);
    let i = lowerBound(stops, value);
    if (this.active !== LOWER && stops[i] !== value) i -= 1;
    const kept = i < 0 || i >= stops.length ? steps.beyond[name] : steps[name][i];
    return BASE - (total[name] ? kept / total[name] : 0) * (BASE - MARGIN.top);
  }

  /** Note where each label could stand, best first; the handles are not looked at yet, for they move. */
  findPlaces(isKnown) {
    this.places = Object.fromEntries(MEASURES.map((name) => [name, []]));
    if (!isKnown) return;
    const last = MARGIN.left + this.width;
    for (const name of MEASURES) {
      const wide = SAMPLE + 5 + 6.1 * (name.length + 6);
      for (let left = last - wide - 2; left >= MARGIN.left + 4; left -= GRID) {
        const spans = this.spans(left - 3, left + wide + 3);
        const own = spans[name];
        for (const top of [own.top - OFF - TALL, own.bottom + OFF]) this.tryPlace(name, spans, { left, right: left + wide, top });
      }
      this.places[name].sort((a, b) => b.worth - a.worth);
    }
  }

  /** Between which heights each curve runs over a stretch: it only rises or only falls. */
  spans(left, right) {
    const of = (name) => {
      const ends = [this.heightAt(name, left), this.heightAt(name, right)];
      return { left, right, top: Math.min(...ends) - 1, bottom: Math.max(...ends) + 1 };
    };
    return Object.fromEntries(MEASURES.map((name) => [name, of(name)]));
  }

  /** Take a place within the plot that lies on no line: better with more room, a flat curve, and that curve alone. */
  tryPlace(name, spans, place) {
    const box = { ...place, bottom: place.top + TALL };
    if (box.top < ABOVE || box.bottom > BASE - 4) return;
    const others = MEASURES.filter((other) => other !== name).map((other) => spans[other]);
    if (!others.every((span) => isApart(box, span, 2))) return;
    const gaps = others.map((span) => Math.max(span.top - box.bottom, box.top - span.bottom));
    const steep = spans[name].bottom - spans[name].top;
    const isShared = others.some((span) => span.top < spans[name].bottom + 2 && spans[name].top < span.bottom + 2);
    const worth = Math.min(24, ...gaps) - 0.5 * steep - (isShared ? 40 : 0) + (8 * box.left) / this.width;
    this.places[name].push({ ...box, worth });
  }

  /** Put a dot where each curve meets the handle, and its name and share at the best place that is free. */
  label(kept, at) {
    const x = at[this.active];
    const isThere = kept !== null && x !== null && this.shown[this.other()] === this.data.bounds[this.other()];
    const inside = (value) => Math.min(MARGIN.left + this.width, Math.max(MARGIN.left, value));
    const handles = Object.values(at).filter((value) => value !== null).map(inside);
    const taken = handles.flatMap((value) => [
      { left: value - HANDLE, right: value + HANDLE, top: 0, bottom: BASE },
      { left: value - READING, right: value + READING, top: 0, bottom: MARGIN.top },
    ]);
    for (const name of MEASURES) {
      this.dots[name].toggleAttribute("hidden", !isThere);
      if (isThere) set(this.dots[name], { cx: inside(x).toFixed(2), cy: this.heightOf(kept, name).toFixed(2) });
      const place = isThere ? this.places[name].find((box) => taken.every((other) => isApart(box, other, 2))) : undefined;
      if (place) taken.push(place);
      this.writeLabel(name, place, kept);
    }
  }

  heightOf(kept, name) {
    const all = this.data.total[name];
    return BASE - (all ? kept[name] / all : 0) * (BASE - MARGIN.top);
  }

  writeLabel(name, place, kept) {
    const { group, sample, text } = this.labels[name];
    group.toggleAttribute("hidden", !place);
    text.textContent = place ? `${name} ${percent(kept[name], this.data.total[name])}` : "";
    if (!place) return;
    const middle = (place.top + place.bottom) / 2;
    set(sample, { x1: place.left, y1: middle.toFixed(2), x2: place.left + SAMPLE, y2: middle.toFixed(2) });
    set(text, { x: (place.left + SAMPLE + 5).toFixed(2), y: (middle + 4).toFixed(2) });
  }
}

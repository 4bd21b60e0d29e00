// Numbers as they are written and searched, and elements as they are made.

const SVG = "http://www.w3.org/2000/svg";
export const whole = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });
const UNITS = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

export function amount(n) {
  return Math.abs(n) < 10000 ? minus(whole.format(n)) : minus(short.format(n)).replace("K", "k");
}

/** A change: +412, −9, ±0. */
export function signed(n) {
  return n === 0 ? "\u00b10" : n > 0 ? `+${amount(n)}` : amount(n);
}

function minus(text) {
  return text.replaceAll("-", "\u2212");
}

export function number(value) {
  if (Number.isInteger(value) && Math.abs(value) >= 1000 && Math.abs(value) < 1e15) return minus(whole.format(value));
  return minus(String(Number(value.toPrecision(6))));
}

/** A stop in as few digits as tell it from its neighbours. */
export function reading(stops, value) {
  const i = lowerBound(stops, value);
  const text = number(value);
  const near = [stops[i - 1], stops[i], stops[i + 1]].filter((stop) => stop !== undefined && stop !== value);
  return near.some((stop) => number(stop) === text) ? minus(String(value)) : text;
}

/** Words for ticks: thousands and millions as 12k and 1.5M where numbers are large. */
export function tickWords(values) {
  const most = Math.max(0, ...values.map(Math.abs));
  if (most < 1e4 || most >= 1e15) return distinct(values.map(number), values);
  const [size, letter] = UNITS.find(([least]) => most >= least);
  return distinct(values.map((value) => (value === 0 ? "0" : number(value / size) + letter)), values);
}

function distinct(words, values) {
  return new Set(words).size === words.length ? words : values.map((value) => minus(String(value)));
}

export function percent(part, all) {
  if (!all) return "0%";
  const share = (100 * part) / all;
  if (share > 0 && share < 0.1) return "< 0.1%";
  if (share < 100 && share > 99.9) return "> 99.9%";
  return `${share < 10 || share > 99 ? Number(share.toFixed(1)) : Math.round(share)}%`;
}

export function count(n, one, many) {
  return `${whole.format(n)} ${n === 1 ? one : many}`;
}

/** The first index whose value is not less than `value`. */
export function lowerBound(values, value) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function nearest(values, value) {
  const i = lowerBound(values, value);
  if (i === 0) return 0;
  if (i === values.length) return i - 1;
  return value - values[i - 1] < values[i] - value ? i - 1 : i;
}

/** Round numbers from low to high, about `n` of them. */
export function ticks(low, high, n) {
  const rough = high / n - low / n;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const exponent = Math.floor(Math.log10(rough));
  const mantissa = rough / 10 ** exponent;
  const step = mantissa <= 1.05 ? 1 : mantissa <= 2.1 ? 2 : mantissa <= 5.25 ? 5 : 10; // a hair more than n is no harm
  const found = [];
  const last = Math.floor(high / (step * 10 ** exponent) + 1e-9);
  for (let k = Math.ceil(low / (step * 10 ** exponent) - 1e-9); k <= last && found.length < 50; k++) {
    found.push(Number(`${k * step}e${exponent}`));
  }
  return found.length ? found : [low];
}

/** A straight scale from values to pixels; halves keep the widest possible range finite. */
export class Scale {
  constructor({ low, high }, left, width) {
    Object.assign(this, { low, high, left, width, half: high / 2 - low / 2 });
  }

  x(value) {
    const share = this.half > 0 ? (value / 2 - this.low / 2) / this.half : 0.5;
    return this.left + Math.min(20, Math.max(-20, share)) * this.width;
  }

  value(x) {
    return this.low + 2 * this.half * Math.min(1, Math.max(0, (x - this.left) / this.width));
  }
}

// ---- elements ------------------------------------------------------------------------------------------------

export function svg(tag, attributes = {}, parent = null, text = null) {
  return made(document.createElementNS(SVG, tag), attributes, parent, text);
}

export function html(tag, attributes = {}, parent = null, text = null) {
  return made(document.createElement(tag), attributes, parent, text);
}

function made(element, attributes, parent, text) {
  set(element, attributes);
  if (text !== null) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }
}

export function fresh(element) {
  element.replaceChildren();
  return element;
}

/**
 * Choices the server has not heard of yet; each is sent again with the next, so that none is lost.
 *
 * `send` takes `import("./messages.js").Choices`.
 */
export class Outbox {
  constructor() {
    this.sequence = 0;
    this.waiting = [];
  }

  hear({ session, heard }) {
    if (session !== this.session) {
      this.sequence = heard;
      this.waiting = [];
    }
    this.session = session;
    this.waiting = this.waiting.filter((choice) => choice.sequence > heard);
  }

  add(choice) {
    this.sequence += 1;
    this.waiting = [...this.waiting, { ...choice, sequence: this.sequence }];
    this.send({ session: this.session, waiting: this.waiting });
  }
}

/** Return what Streamlit calls on every change of data: it makes one widget per mount, and updates it in place. */
export function mountOf(Widget) {
  const held = new WeakMap();
  return ({ parentElement, data, setStateValue }) => {
    let widget = held.get(parentElement);
    if (!widget) held.set(parentElement, (widget = new Widget(parentElement)));
    widget.outbox.send = (choices) => setStateValue("choices", choices);
    widget.update(data);
    return () => {
      widget.close();
      held.delete(parentElement);
    };
  };
}

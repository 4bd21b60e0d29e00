// Numbers as they are written and searched, and elements as they are made.
//
// Joined with its neighbours by `threshold.py`, in the order numbers, look, plot, then `threshold.js`.

const SVG = "http://www.w3.org/2000/svg";
const whole = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 });

function amount(n) {
  return n < 10000 ? whole.format(n) : short.format(n);
}

function number(value) {
  const text = String(Number(value.toPrecision(6)));
  return text.replace("-", "\u2212");
}

function percent(part, all) {
  if (!all) return "0 %";
  const share = (100 * part) / all;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  if (share < 100 && share > 99.9) return "> 99.9 %";
  return `${share < 10 || share > 99 ? Number(share.toFixed(1)) : Math.round(share)} %`;
}

function count(n, one, many) {
  return `${whole.format(n)} ${n === 1 ? one : many}`;
}

/** The first index whose value is not less than `value`. */
function lowerBound(values, value) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nearest(values, value) {
  const i = lowerBound(values, value);
  if (i === 0) return 0;
  if (i === values.length) return i - 1;
  return value - values[i - 1] < values[i] - value ? i - 1 : i;
}

/** Round numbers from low to high, about `n` of them. */
function ticks(low, high, n) {
  const rough = high / n - low / n;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const exponent = Math.floor(Math.log10(rough));
  const mantissa = rough / 10 ** exponent;
  const step = mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10;
  const found = [];
  const last = Math.floor(high / (step * 10 ** exponent) + 1e-9);
  for (let k = Math.ceil(low / (step * 10 ** exponent) - 1e-9); k <= last && found.length < 50; k++) {
    found.push(Number(`${k * step}e${exponent}`));
  }
  return found;
}

// ---- elements ------------------------------------------------------------------------------------------------

function svg(tag, attributes = {}, parent = null, text = null) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

function html(tag, attributes = {}, parent = null, text = null) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

function fresh(element) {
  element.replaceChildren();
  return element;
}

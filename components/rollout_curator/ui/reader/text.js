// Text from rollouts becomes DOM here and nowhere else: text nodes only, never markup.
// Characters that cannot be seen or that reorder the line are shown as chips.

const UNSEEN = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u115f\\u1160\\u3164\\uffa0\\u034f]" +
    "|[\\p{Cf}\\p{Cs}\\p{Co}\\u{e0100}-\\u{e01ef}]|[\\ufe00-\\ufe0f]{2,}", "gu");
const JOINED = /\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?$/u;
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)/g;
const ENCODED = /^"data:[\w.+/-]+;base64,/;
export const CLAMP = 6000;

/** Return an element; strings among the children become text nodes. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Append text to the parent, unseen characters as chips. */
export function appendVisible(parent, text) {
  let from = 0;
  for (const found of text.matchAll(UNSEEN)) {
    const before = text.slice(Math.max(0, found.index - 8), found.index);
    if (found[0] === "\u200d" && JOINED.test(before)) continue;
    if (found.index > from) parent.append(text.slice(from, found.index));
    const codes = [...found[0]].map((c) => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0"));
    const chip = h("span", { class: "unseen", title: "invisible character" });
    chip.textContent = `[${codes.join(" ")}]`;
    parent.append(chip);
    from = found.index + found[0].length;
  }
  if (from < text.length) parent.append(text.slice(from));
}

/** Return text in small letters, each where it was: a letter that would become two stays as it is. */
export function small(text) {
  const low = text.toLowerCase();
  if (low.length === text.length) return low;
  return [...text].map((letter) => { const one = letter.toLowerCase(); return one.length === letter.length ? one : letter; }).join("");
}

/** Append text with the wanted words marked; returns the marks. */
function appendMarked(parent, text, wanted, room) {
  const marks = [];
  if (!wanted) return appendVisible(parent, text), marks;
  const low = small(text);
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0 && marks.length < room; at = low.indexOf(wanted, from)) {
    appendVisible(parent, text.slice(from, at));
    const mark = h("mark");
    appendVisible(mark, text.slice(at, at + wanted.length));
    parent.append(mark);
    marks.push(mark);
    from = at + wanted.length;
  }
  appendVisible(parent, text.slice(from));
  return marks;
}

/** Split prose into runs of lines inside and outside ``` fences; joined they are the text. */
function fenced(text) {
  if (!text.includes("```")) return [[false, text]];
  const runs = [];
  let open = false, run = [];
  for (const line of text.split("\n")) {
    const fence = line.trimStart().startsWith("```");
    if (fence && !open) { if (run.length) runs.push([false, run.join("\n")]); run = []; open = true; run.push(line); }
    else if (fence) { run.push(line); runs.push([true, run.join("\n")]); run = []; open = false; }
    else run.push(line);
  }
  if (run.length) runs.push([open, run.join("\n")]);
  return runs;
}

/** Fill a box with text: prose with fenced code, or code as a whole. Returns the marks. */
function fillText(box, text, code, wanted, room) {
  box.replaceChildren();
  const runs = code ? [[true, text]] : fenced(text);
  const marks = [];
  for (const [isCode, run] of runs) {
    const part = h("div", { class: isCode ? "mono" : "prose", dir: "auto" });
    marks.push(...appendMarked(part, run, wanted, room - marks.length));
    box.append(part);
  }
  return marks;
}

/** Return a box of text that shows its first part and the rest on demand. */
export function textBox(text, code) {
  const box = h("div", { class: "text" });
  const whole = h("div");
  const cut = text.length > CLAMP * 1.2 ? cutAt(text, CLAMP) : text.length;
  box.append(whole);
  const draw = (limit, wanted = "", room = 0) => {
    box.querySelector(".more")?.remove();
    const marks = fillText(whole, text.slice(0, limit), code, wanted, room);
    if (limit < text.length) {
      const label = `Show all ${text.length.toLocaleString("en-US")} characters`;
      box.append(h("button", { class: "more", type: "button", onclick: () => draw(text.length) }, label));
    }
    return marks;
  };
  draw(cut);
  let isMarked = false;
  box.find = (wanted, room) => {
    const isThere = wanted && room > 0 && small(text).includes(wanted);
    if (!isThere && !isMarked) return [];
    isMarked = isThere;
    return draw(isThere ? text.length : cut, isThere ? wanted : "", room);
  };
  return box;
}

/** Return where to cut: at a line's end when one is near, never inside a surrogate pair. */
export function cutAt(text, limit) {
  const line = text.lastIndexOf("\n", limit);
  if (line > limit * 0.8) return line;
  const code = text.charCodeAt(limit - 1);
  return code >= 0xd800 && code < 0xdc00 ? limit - 1 : limit;
}

/** Fill a box with JSON, keys and values told apart; long text in chunks that are laid out when seen. */
export function fillJson(box, text, limit = 60000) {
  box.replaceChildren();
  const cut = text.length > limit * 1.2 ? cutAt(text, limit) : text.length;
  const lines = text.slice(0, cut).split("\n");
  for (let at = 0; at < lines.length; at += 120) {
    const chunk = h("div", { class: "chunk" });
    const rows = lines.slice(at, at + 120);
    chunk.style.containIntrinsicSize = `auto ${rows.length * 18}px`;
    appendJson(chunk, rows.join("\n"));
    box.append(chunk);
  }
  if (cut < text.length) {
    const label = `Show all ${text.length.toLocaleString("en-US")} characters`;
    box.append(h("button", { class: "more", type: "button", onclick: () => fillJson(box, text, Infinity) }, label));
  }
}

/** Append one chunk of JSON text as spans. */
export function appendJson(parent, text) {
  let from = 0;
  const put = (start, end, kind) => {
    if (end <= start) return;
    const span = h("span", { class: kind });
    const long = kind === "j-string" && end - start > 2000 && ENCODED.test(text.slice(start, start + 80));
    const shown = text.slice(start, long ? start + 60 : end);
    if (kind === "j-string" && shown.includes("\\n")) appendBroken(span, shown);
    else appendSoft(span, shown);
    parent.append(span);
    if (!long) return;
    const rest = text.slice(start + 60, end);
    const more = h("button", { class: "more inline", type: "button" }, `\u2026 ${counted(rest.length, "character")} more`);
    more.addEventListener("click", () => { appendVisible(span, rest); more.remove(); });
    parent.append(more);
  };
  for (const found of text.matchAll(TOKEN)) {
    const end = found.index + found[0].length;
    if (found.index > from) appendVisible(parent, text.slice(from, found.index));
    if (found[1] && found[2]) {
      put(found.index, found.index + found[1].length, "j-key");
      appendVisible(parent, found[2]);
    } else put(found.index, end, found[1] ? "j-string" : "j-value");
    from = end;
  }
  if (from < text.length) appendVisible(parent, text.slice(from));
}

/** Append text that may wrap after a sign inside a long run without spaces, so that no word is broken. */
function appendSoft(parent, text) {
  for (const [part, run] of text.matchAll(/(\S{24,})|(?:(?!\S{24})[^])+/g)) {
    const pieces = run ? run.match(/.{8,}?[,;:/|&=?)}\]>_.-]|.+$/g) : [part];
    pieces.forEach((piece, at) => { if (at) parent.append(h("wbr")); appendVisible(parent, piece); });
  }
}

/** Append a JSON string with a line break after each escaped one; the text stays what it is. */
function appendBroken(parent, text) {
  for (const [piece] of text.matchAll(/(?:[^\\]|\\[^n])*?\\n|[^]+/g)) {
    appendSoft(parent, piece);
    if (piece.endsWith("\\n")) parent.append(h("span", { class: "j-break" }));
  }
}

/** Return words with a capital first letter, as labels and buttons have it. */
export function cased(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Return a count with its word: "1 turn", "1,204 characters". */
export function counted(n, word) {
  return `${n.toLocaleString("en-US")} ${word}${n === 1 ? "" : "s"}`;
}

/** Return a reward for the eye: at least two decimals, at most four. */
export function rewardText(reward) {
  if (reward === null || reward === undefined) return "no reward";
  const short = Math.abs(reward) >= 1e6 ? String(reward) : reward.toFixed(4).replace(/0{1,2}$/, "");
  return short.replace("-", "\u2212");
}

/** Return a reward in a sentence: "reward 0.50", "no reward". */
export function rewardWords(reward) {
  return reward === null || reward === undefined ? rewardText(reward) : `reward ${rewardText(reward)}`;
}

/** Put text on the clipboard, also where the page is not a secure context. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = h("textarea", { style: "position:fixed;opacity:0", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser did not allow copying");
}

// An example as text: its laid-out JSON without the signs, every string as it reads. The JSON stays one key away.

import { appendVisible, h, textBox } from "./text.js";

const LINE = /^( *)(?:("(?:[^"\\]|\\.)*"): )?(.*?),?$/;
const INLINE_CHARS = 60;

/** Append laid-out JSON as text, a row for each name; what stands at `depth` begins at the edge. */
export function appendText(parent, json, depth) {
  let numbers = null;
  for (const line of json.split("\n")) {
    const [, indent, name, value] = LINE.exec(line) || [null, "", undefined, line];
    if (/^[}\]]$/.test(value) || (!name && /^[{[]?$/.test(value))) { numbers = null; continue; }
    if (!name && numbers && !value.startsWith('"')) { numbers.append(`, ${value}`); continue; }
    const row = h("div", { class: "t-row" });
    row.style.paddingLeft = `${Math.max(0, indent.length / 2 - depth)}em`;
    if (name) { const key = h("span", { class: "t-key" }); appendVisible(key, stringOf(name)); row.append(key); }
    numbers = fillValue(row, value);
    parent.append(row);
  }
}

/** Put a value into its row; returns what further numbers of a list are appended to, null for no number. */
function fillValue(row, value) {
  if (value === "{" || value === "[") return null;
  const text = value.startsWith('"') ? stringOf(value) : value;
  if (text.length > INLINE_CHARS || text.includes("\n")) { row.append(textBox(text, false)); return null; }
  const shown = h("span", { class: value.startsWith('"') ? "t-string" : "j-value" });
  appendVisible(shown, text);
  row.append(shown);
  return value.startsWith('"') ? null : shown;
}

/** Return what a JSON string says; one that was cut short stays as it is written. */
function stringOf(json) {
  try { return JSON.parse(json); } catch { return json; }
}

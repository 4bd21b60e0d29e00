// The pane beside the conversation: the example as it will be written, or the raw line.

import { appendText } from "./example_text.js";
import { copyWith, jump } from "./find.js";
import { setTab } from "./frame.js";
import { bring } from "./scroll.js";
import { current, remember } from "./state.js";
import { appendJson, appendVisible, counted, cutAt, fillJson, h, textBox } from "./text.js";
import { askFor } from "./visit.js";
import { plainly } from "./words.js";

const MARKS_MAX = 12;
const SHAPES = { text: "Text", json: "JSON", line: "Line" };
const END_OF_MESSAGE = /^ {4}\},?$/;

/** Draw the example or the raw line, after the conversation when it is long. */
export function side(s) {
  const rollout = current(s);
  const tab = s.page.wide && s.preferences.tab === "conversation" ? "example" : s.preferences.tab;
  if (!rollout || tab === "conversation") return;
  const wanted = `${s.data.view} ${rollout.row} ${rollout.key} ${tab} ${shapeOf(s)}`;
  const top = s.beside.shown === wanted ? s.ui.side.scrollTop : 0;
  if (s.beside.wanted === wanted) return;
  s.beside.shown = wanted;
  s.beside.wanted = wanted;
  const drawIt = () => {
    if (s.beside.wanted !== wanted) return;
    requestAnimationFrame(() => { if (s.beside.wanted === wanted) s.ui.side.scrollTop = top; });
    if (tab === "raw") rawPane(s, rollout, wanted);
    else if ((rollout.example || {}).later && !rollout.example.text) laterPane(s, rollout, wanted);
    else examplePane(s, rollout);
  };
  const { text = "", later } = rollout.example || {};
  if (tab === "example" && text.length < 12000 && (text || !later)) return drawIt();
  s.ui.side.replaceChildren();
  requestAnimationFrame(() => setTimeout(drawIt, 0));
}

/** Return how the example is shown: as text, as laid-out JSON, or as the line that is written. */
function shapeOf(s) {
  return Object.hasOwn(SHAPES, s.preferences.example) ? s.preferences.example : "text";
}

function setShape(s, shape) {
  s.preferences.example = shape;
  remember(s);
  side(s);
}

/** Show the example in the next of its shapes, where it is in view; else bring it into view. */
export function nextShape(s) {
  const tab = s.page.wide && s.preferences.tab === "conversation" ? "example" : s.preferences.tab;
  if (tab !== "example") return setTab(s, "example");
  const names = Object.keys(SHAPES);
  setShape(s, names[(names.indexOf(shapeOf(s)) + 1) % names.length]);
}

function examplePane(s, rollout) {
  const example = rollout.example || {};
  const parts = [];
  const list = (title, lines, kind) => {
    if (!lines || !lines.length) return;
    const rows = lines.map((line) => { const row = h("li"); appendVisible(row, String(line)); return row; });
    parts.push(h("div", { class: `remarks ${kind}` }, h("div", { class: "label" }, title), h("ul", {}, ...rows)));
  };
  if (example.skip) {
    const why = h("p", {});
    appendVisible(why, example.skip);
    parts.push(h("div", { class: "remarks skip" }, h("div", { class: "label" }, "not exported"), why));
  }
  list("notes", example.issues, "issues");
  list("omitted from the example", example.dropped, "dropped");
  if (!example.skip && example.text) {
    const shown = h("div", { class: "json mono" });
    shown.dataset.shape = shapeOf(s);
    if (shapeOf(s) === "line") shown.append(textBox(example.line || "", true)); else fillExample(s, shown, example);
    const one = ([shape, words]) => h("button", { class: "small", type: "button", "aria-pressed": String(shapeOf(s) === shape), onclick: () => setShape(s, shape) }, words);
    const shapes = h("span", { class: "shapes", role: "group", "aria-label": "Show the example as" }, ...Object.entries(SHAPES).map(one));
    const copy = h("button", { class: "small", type: "button", onclick: () => copyWith(s, example.line || example.text, copy) }, "Copy line");
    s.ui.sideSays = h("span", { class: "quiet" });
    parts.push(h("div", { class: "side-tools" }, s.ui.sideSays, shapes, copy), shown);
    sayWritten(s, rollout);
  }
  s.ui.side.replaceChildren(...parts);
}

/** Say whether the example that is shown is written, as things stand. */
export function sayWritten(s, rollout) {
  const { sideSays } = s.ui;
  if (!sideSays || !rollout.example || rollout.example.skip) return;
  const rejected = rollout.decision && rollout.decision.verdict === "reject";
  const ruled = rollout.kept === undefined ? "as it would be exported" : rollout.kept ? "exactly as exported" : "dropped; if accepted, it would be exported as";
  sideSays.textContent = `${rejected ? "rejected; otherwise it would be exported as" : ruled}, ${counted(rollout.example.bytes, "byte")}`;
}

/** Fetch the text of a long example, then draw it; the one before is forgotten. */
async function laterPane(s, rollout, wanted) {
  const { example } = rollout;
  s.ui.side.replaceChildren(h("div", { class: "quiet pad", role: "status" }, `loading the example, ${counted(example.bytes, "byte")}\u2026`));
  try {
    const found = await askFor(s, "example", rollout.key);
    if (s.beside.long) Object.assign(s.beside.long, { text: "", line: "", starts: [] });
    s.beside.long = Object.assign(example, found);
    if (s.beside.wanted === wanted) examplePane(s, rollout);
  } catch (error) {
    if (s.beside.wanted !== wanted) return;
    const again = h("button", { class: "small", type: "button", onclick: () => { s.beside.wanted = null; side(s); } }, "Try again");
    s.ui.side.replaceChildren(h("div", { class: "remarks skip" }, `Could not load the example: ${plainly(error)}. `, again));
  }
}

/** Fill a box with the example: a block a message, trained or context, and a mark wherever something was left out. */
function fillExample(s, box, example, limit = 40000) {
  const { starts = [], roles = [], leftOut = [], changed = [], untrained = [] } = example;
  const isText = shapeOf(s) === "text" && example.text.includes("\n");
  if (!starts.length && !isText) return fillJson(box, example.text, limit);
  box.replaceChildren();
  const lines = example.text.split("\n");
  const end = starts.length ? lines.findIndex((line, at) => at > starts.at(-1) && END_OF_MESSAGE.test(line)) + 1 : 0;
  const cuts = [0, ...starts, end, lines.length];
  let room = limit;
  for (let part = 0; part + 1 < cuts.length; part += 1) {
    box.append(...placeMarks(s, "omitted here:", leftOut, part - 1), ...placeMarks(s, "changed:", changed, part - 1));
    const role = roles[part - 1];
    const piece = h("div", { class: "chunk message", "data-message": role ? part - 1 : null, "data-trained": role ? trainedWord(role, untrained.includes(part - 1)) : null });
    if (untrained.includes(part - 1)) box.append(h("div", { class: "left-out" }, "not trained:"));
    const text = lines.slice(cuts[part], cuts[part + 1]).join("\n");
    if (!text) continue;
    const cut = text.length > room * 1.2 ? cutAt(text, room) : text.length;
    piece.style.containIntrinsicSize = `auto ${Math.min(4000, 18 * (cuts[part + 1] - cuts[part]) + cut / 4) | 0}px`;
    if (isText) appendText(piece, text.slice(0, cut), role ? 3 : 1);
    else appendJson(piece, text.slice(0, cut));
    box.append(piece);
    room -= cut;
    if (cut === text.length) continue;
    const label = `Show all ${example.text.length.toLocaleString("en-US")} characters`;
    return box.append(h("button", { class: "more", type: "button", onclick: () => fillExample(s, box, example, Infinity) }, label));
  }
}

function trainedWord(role, isMarked) {
  return role !== "assistant" ? "false" : isMarked ? "marked" : "true";
}

/** Return the marks at one message, the first few of them and how many more there are. */
function placeMarks(s, what, marks, at) {
  const here = marks.filter(({ before }) => before === at);
  const more = here.length > MARKS_MAX ? [h("div", { class: "left-out changed" }, `${what} ${here.length - MARKS_MAX} more turns`)] : [];
  return [...here.slice(0, MARKS_MAX).map((mark) => placeMark(s, what, mark)), ...more];
}

/** Return the mark of what the example leaves out or changes, with the way to the turn it is about. */
function placeMark(s, what, { turn, words }) {
  const text = h("span");
  appendVisible(text, `${what} ${words} `);
  return h("div", { class: what === "changed:" ? "left-out changed" : "left-out" }, text,
    h("button", { class: "small", type: "button", onclick: () => jump(s, turn - 1) }, `Turn ${turn}`));
}

/** Bring a message of the example into view, from the turn that it was made of. */
export function toMessage(s, at) {
  if (s.page.wide ? s.preferences.tab === "raw" : s.preferences.tab !== "example") setTab(s, "example");
  if (shapeOf(s) === "line") setShape(s, "json");
  const find = () => s.ui.side.querySelector(`[data-message="${at}"]`);
  const place = () => {
    const found = find();
    if (!found) return;
    bring(s.ui.side, found);
    found.classList.add("pointed");
    setTimeout(() => found.classList.remove("pointed"), 1600);
  };
  if (find()) return place();
  const rollout = current(s);
  const box = s.ui.side.querySelector(".json");
  if (box && rollout && rollout.example.text) fillExample(s, box, rollout.example, Infinity);
  requestAnimationFrame(() => setTimeout(place, 0));
}

async function rawPane(s, rollout, wanted) {
  s.ui.side.replaceChildren(h("div", { class: "quiet pad" }, "loading the line\u2026"));
  let pane;
  try {
    if (rollout.raw === undefined) rollout.raw = await askFor(s, "raw", rollout.key);
    const { text, note } = rollout.raw;
    const shown = h("div", { class: "json mono" });
    fillJson(shown, text);
    const copy = h("button", { class: "small", type: "button", onclick: () => copyWith(s, text, copy) }, "Copy");
    const where = h("span", { class: "quiet" });
    appendVisible(where, rollout.where);
    const remark = note ? [h("div", { class: "remarks" }, note)] : [];
    pane = [h("div", { class: "side-tools" }, where, copy), ...remark, shown];
  } catch (error) {
    pane = [h("div", { class: "remarks skip" }, `Could not load the line: ${error.message}. `,
      h("button", { class: "small", type: "button", onclick: () => { s.beside.wanted = null; side(s); } }, "Try again"))];
  }
  if (s.beside.wanted === wanted) s.ui.side.replaceChildren(...pane);
}

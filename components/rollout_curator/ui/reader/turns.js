// One rollout's conversation as DOM: turns, calls with their answers, the rail, find.

import { bring } from "./scroll.js";
import { appendVisible, CLAMP, counted, h, small, textBox } from "./text.js";

const SHOWN_IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,/;
const SLICE_MS = 6;
const RAIL_AT_ONCE = 50;
const NOT_THERE = "not in the example";
const LABELS = { system: "system", developer: "developer", user: "user", assistant: "assistant", tool: "tool" };

/** Return what a turn says as plain text, for copying. */
export function turnText(turn) {
  const parts = turn.blocks.map((block) => {
    if (block.kind === "call") return `${block.name}(${block.text})`;
    if (block.kind === "image") return "[image]";
    return [block.kind === "text" || block.kind === "result" ? "" : `[${block.kind} ${block.name}]`.trim(), block.text]
      .filter(Boolean).join("\n");
  });
  return parts.join("\n\n");
}

/** Return the number of characters of a turn. */
function turnSize(turn) {
  return turn.blocks.reduce((sum, block) => sum + (block.kind === "image" ? 0 : block.text.length), 0);
}

/** Return a fold: a native disclosure, so that it works by keyboard and is read aloud. */
export function fold(kind, title, remark, open, fill) {
  const body = h("div", { class: "fold-body" });
  let filled = false;
  const once = () => { if (!filled) { filled = true; body.append(...fill()); } };
  const summary = h("summary", {}, h("span", { class: "fold-title" }, title));
  if (remark) { const said = h("span", { class: "quiet" }); appendVisible(said, " \u00b7 " + remark); summary.append(said); }
  const details = h("details", { class: `fold ${kind}`, ontoggle: () => details.open && once() }, summary, body);
  if (open) { once(); details.open = true; }
  details.fill = once;
  return details;
}

/** Return one block as DOM. */
function blockElement(block, options) {
  const code = block.language === "json";
  if (block.kind === "image" && SHOWN_IMAGE.test(block.text)) {
    const image = h("img", { class: "image", src: block.text, alt: "image recorded in the rollout", decoding: "async" });
    return block.to === null ? h("div", { class: "named" }, h("div", { class: "label" }, NOT_THERE), image) : image;
  }
  if (block.kind === "reasoning") {
    if (!block.text) return noteElement("reasoning " + block.name, "");
    const fate = block.to === undefined ? "" : block.to === null ? NOT_THERE : "trained";
    const about = [block.name, counted(block.text.length, "character"), fate].filter(Boolean).join(" \u00b7 ");
    return Object.assign(fold("reasoning", "reasoning", about, options.openReasoning, () => [textBox(block.text, false)]), { says: block.text });
  }
  if (block.kind === "call") return callElement(block, options);
  if (block.kind === "result") return resultElement(block, code, options);
  if (block.kind === "note") return noteElement(block.name, block.text);
  const box = textBox(block.text, code);
  const lost = options.mixed && isLost(block) ? NOT_THERE : "";
  if (!block.name && !lost) return box;
  const named = h("div", { class: "named" }, h("div", { class: "label" }));
  appendVisible(named.firstChild, [block.name, lost].filter(Boolean).join(" \u00b7 "));
  named.append(box);
  return named;
}

/** Return a remark of this program, with the JSON it is about. */
function noteElement(name, text) {
  const note = h("div", { class: "note" }, h("div", { class: "note-title" }));
  appendVisible(note.firstChild, name);
  if (text) note.append(textBox(text, true));
  return note;
}

/** Return a tool call: its name, then one row an argument. */
function callElement(block, options) {
  const name = h("span", { class: "tool-name" });
  appendVisible(name, block.name);
  const call = h("div", { class: "call" }, h("div", { class: "call-head" }, h("span", { class: "label" }, "call"), name));
  if (block.callId) call.title = "call id " + block.callId;
  if (options.mixed && isLost(block)) call.firstChild.append(h("span", { class: "quiet" }, NOT_THERE));
  const { fields } = block;
  if (fields && fields.length) call.append(fieldList(fields));
  else if (fields) call.firstChild.append(h("span", { class: "quiet" }, "no arguments"));
  else if (block.text) call.append(textBox(block.text, true));
  return call;
}

/** Return the entries of a JSON object, one row each. */
function fieldList(fields) {
  const list = h("dl", { class: "fields" });
  for (const [key, value] of fields) {
    const term = h("dt");
    appendVisible(term, key);
    list.append(term, h("dd", {}, textBox(value, true)));
  }
  return list;
}

/** Return the answer of a tool, told from the call by its head and its rule. */
function resultElement(block, code, options) {
  const head = h("div", { class: "call-head" }, h("span", { class: "label" }, "result"));
  const size = h("span", { class: "quiet" }, block.text ? counted(block.text.length, "character") : "empty");
  head.append(size);
  if (options.mixed && isLost(block)) head.append(h("span", { class: "quiet" }, NOT_THERE));
  const result = h("div", { class: "result" }, head);
  if (block.fields) result.append(fieldList(block.fields));
  else if (block.text) result.append(textBox(block.text, true));
  result.dataset.json = String(code);
  return result;
}

function isLost(block) {
  return block.to === null;
}

/** Return where a turn went: the words, and the message of the example that holds its first part. */
export function fateOf(turn) {
  const told = turn.blocks.filter((block) => block.to !== undefined && (block.text.trim() || ["call", "result", "image"].includes(block.kind)));
  const held = told.filter((block) => !isLost(block));
  if (!told.length) return { words: "", mixed: false };
  if (!held.length) return { words: NOT_THERE, mixed: false };
  return { words: turn.role === "assistant" ? "trained" : "context", to: held[0].to, mixed: held.length < told.length };
}

/** Return one turn as DOM. */
export function turnElement(turn, options) {
  const body = h("div", { class: "turn-body" });
  const fate = fateOf(turn);
  const blocks = () => turn.blocks.map((block) => blockElement(block, { ...options, mixed: fate.mixed }));
  const size = turnSize(turn);
  const role = LABELS[turn.role] || "unknown";
  if (options.folded) {
    body.append(fold("same", `same ${role} prompt as the previous rollout`, counted(size, "character"), false, blocks));
  } else body.append(...blocks());
  const copy = h("button", { class: "copy", type: "button", "aria-label": `Copy turn ${turn.n}` }, "Copy");
  copy.addEventListener("click", () => options.copy(turnText(turn), copy));
  const element = h("article", { class: "turn", "data-role": role, "data-side": turn.side, "data-n": turn.n, "aria-label": `turn ${turn.n}, ${role}` });
  const head = h("div", { class: "turn-head" },
    h("span", { class: "turn-n" }, String(turn.n)), h("span", { class: "role" }, role), fates(turn, fate, options, element),
    h("span", { class: "quiet size" }, size > 400 && !options.folded ? `${size.toLocaleString("en-US")} chars` : ""), copy);
  element.append(head, body);
  element.style.containIntrinsicSize = `auto ${Math.min(2400, 60 + Math.min(size, CLAMP) / 3.2) | 0}px`;
  return element;
}

/** Return what becomes of a turn, what the example changes of it, and the button that marks it; note it on the turn. */
export function fates(turn, fate, options, element) {
  const said = options.said(turn, fate);
  element.dataset.fate = said.isOut ? "untrained" : fate.words;
  const changes = (options.changes?.get(turn.n) || []).map((words) => { const line = h("span", { class: "fate changed" }); appendVisible(line, words); return line; });
  return h("div", { class: "fates" }, fateElement(said.words, fate, options), ...changes, (options.compact ? null : options.mark(turn)) || "");
}

/** Return the words on what becomes of a turn; they lead to the message of the example. */
function fateElement(words, fate, options) {
  const isPlain = !words || fate.to === undefined || options.compact;
  const element = isPlain ? h("span", { class: "fate" })
    : h("button", { class: "fate", type: "button", title: `message ${fate.to + 1} of the example`, onclick: () => options.toMessage(fate.to) });
  appendVisible(element, words);
  return element;
}

/** Draw the rail, one short row a turn, by which to jump; what is far down comes later. */
export function drawRail(rail, turns, jump) {
  const longest = turns.reduce((most, turn) => Math.max(most, turnSize(turn)), 1);
  const rows = (from, to) => turns.slice(from, to).map((turn) => {
    const calls = new Map();
    for (const { kind, name } of turn.blocks) if (kind === "call") calls.set(name, (calls.get(name) || 0) + 1);
    const called = [...calls].map(([name, n]) => (n > 1 ? `${n} ${name}` : name)).join(", ");
    const name = h("span", { class: "rail-role" });
    appendVisible(name, called || LABELS[turn.role] || "unknown");
    const bar = h("span", { class: "rail-bar", "aria-hidden": "true" });
    bar.style.width = `${Math.max(2, Math.round((100 * Math.sqrt(turnSize(turn))) / Math.sqrt(longest)))}%`;
    return h("button", { class: "rail-row", type: "button", tabindex: "-1", "data-n": turn.n, "data-role": turn.role,
      "data-side": turn.side, onclick: () => jump(turn.n) }, h("span", { class: "rail-n" }, String(turn.n)), name, bar);
  });
  const first = rows(0, RAIL_AT_ONCE);
  rail.replaceChildren(...first);
  rail.scrollTop = 0;
  const later = (from) => {
    if (from >= turns.length || (first.length && first[0].parentElement !== rail)) return;
    rail.append(...rows(from, from + RAIL_AT_ONCE));
    setTimeout(() => later(from + RAIL_AT_ONCE), 0);
  };
  if (turns.length > RAIL_AT_ONCE) requestAnimationFrame(() => setTimeout(() => later(RAIL_AT_ONCE), 0));
}

/** Draw the turns into the pane: what fills the first screens at once, the rest between frames, a few ms at a time. */
export function drawTurns(pane, turns, options) {
  let at = 0, stopped = false;
  const begins = turns.findIndex((turn) => turn.side === "output" && turn.role !== "system" && turn.role !== "user");
  const some = (isEnough) => {
    const part = document.createDocumentFragment();
    for (let weight = 0; at < turns.length && !isEnough(weight); at += 1) {
      if (at === begins) part.append(h("div", { class: "divider" }, h("span", {}, "model output")));
      part.append(turnElement(turns[at], { ...options, folded: at === options.foldedAt }));
      weight += Math.min(CLAMP * 2, turnSize(turns[at])) + 400;
    }
    if (at >= turns.length) part.append(turns.some((turn) => turn.side === "output") ? "" : h("p", { class: "nothing" }, "Empty model output."), options.end);
    pane.append(part);
  };
  some((weight) => weight >= 12000);
  const later = () => {
    if (stopped || at >= turns.length) return;
    const until = performance.now() + SLICE_MS;
    some(() => performance.now() > until);
    setTimeout(later, 0);
  };
  if (at < turns.length) requestAnimationFrame(() => setTimeout(later, 0));
  return { stop: () => { stopped = true; }, finish: () => { if (at < turns.length && !stopped) some(() => false); } };
}

/** Mark the wanted words in every turn, opening what hides them; returns the marks in order. */
export function findInPane(pane, wanted) {
  const marks = [];
  const low = small(wanted);
  if (low) for (const details of pane.querySelectorAll("details.fold")) if (!details.says || small(details.says).includes(low)) details.fill();
  for (const box of pane.querySelectorAll(".text")) marks.push(...box.find(low, 1000 - marks.length));
  return marks;
}

/** Show one mark: open the folds around it and bring it to the middle. */
export function showMark(pane, marks, at) {
  for (const mark of marks) mark.classList.remove("here");
  const mark = marks[at];
  for (let up = mark.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
  mark.classList.add("here");
  bring(pane, mark, "center");
}

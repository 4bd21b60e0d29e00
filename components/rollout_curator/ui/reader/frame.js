// The frame around a rollout: its fixed parts, tabs, legend, save state, size.

import { keyOf } from "./bindings.js";
import { closeFind, copyAll, find, findStep, follow, openFind } from "./find.js";
import { turnDetails } from "./head.js";
import { act } from "./keys.js";
import { askWhy, closeNote, saveNote } from "./reasons.js";
import { scrollerAround } from "./scroll.js";
import { side } from "./side.js";
import { remember } from "./state.js";
import { h } from "./text.js";

// Reasons that would lose more of their width than this get a row of their own.
const SQUEEZE = 0.08;
const BELOW_PX = 4;

/** Build the parts that stay while rollouts come and go. */
export function layout(s) {
  const ui = {};
  const talkTab = (name, text) => h("button", { class: "tab", role: "tab", type: "button", id: `tab-${name}`, "data-tab": name,
    "aria-controls": name === "conversation" ? "talk" : "side", onclick: () => setTab(s, name) }, text);
  ui.position = h("span", { class: "position" });
  ui.reward = h("span", { class: "reward" });
  ui.badges = h("span", { class: "badges" });
  ui.flags = h("span", { class: "flags" });
  ui.attempt = h("span", { class: "attempt-line" });
  ui.brief = h("span", { class: "brief" });
  ui.more = h("button", { class: "small", type: "button", "aria-controls": "details", onclick: () => turnDetails(s) }, "Details");
  ui.where = h("span", { class: "where mono quiet" });
  ui.copyKey = h("button", { class: "small", type: "button", title: "The key of this rollout, as `decide --key` takes it",
    onclick: () => copyWith(s, s.ui.root.dataset.key, ui.copyKey) }, "Copy key");
  ui.facts = h("dl", { class: "facts" });
  ui.components = h("dl", { class: "facts components", "aria-label": "Scores of this rollout" });
  ui.remarks = h("div", { class: "flags" });
  ui.details = h("div", { class: "details", id: "details", tabindex: "0", role: "region", "aria-label": "Details of this rollout", hidden: true },
    ui.facts, ui.components, ui.remarks);
  ui.notices = h("div", { class: "notices" });
  ui.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Views of this rollout" },
    talkTab("conversation", "Conversation"), talkTab("example", "Example"), talkTab("raw", "Raw JSON"));
  ui.findBox = h("input", { class: "find-box", type: "search", placeholder: "Find in this rollout", "aria-label": "Find in this rollout",
    spellcheck: "false" });
  ui.findCount = h("span", { class: "quiet find-count", "aria-live": "polite" });
  ui.findBar = h("span", { class: "find", hidden: true }, ui.findBox, ui.findCount,
    h("button", { class: "small", type: "button", "aria-label": "Previous match", onclick: () => findStep(s, -1) }, "\u2191"),
    h("button", { class: "small", type: "button", "aria-label": "Next match", onclick: () => findStep(s, 1) }, "\u2193"),
    h("button", { class: "small", type: "button", "aria-label": "Close find", onclick: () => closeFind(s, true) }, "\u2715"));
  ui.turns = h("span", { class: "quiet turns-count" });
  ui.copyAll = h("button", { class: "small", type: "button", onclick: () => copyAll(s) }, "Copy all");
  ui.tools = h("div", { class: "tools" }, h("span", { class: "tools-title" }, "Conversation"), ui.turns, ui.findBar,
    h("button", { class: "small find-open", type: "button", onclick: () => openFind(s) }, "Find"), ui.copyAll);
  ui.rail = h("nav", { class: "rail", "aria-label": "Turns", tabindex: "0" });
  ui.talk = h("div", { class: "talk", id: "talk", role: "tabpanel", tabindex: "0", "aria-label": "Conversation" });
  ui.side = h("div", { class: "side", id: "side", role: "tabpanel", tabindex: "0", "aria-label": "Example or raw JSON" });
  ui.lanes = h("div", { class: "lanes", role: "region", tabindex: "0", "aria-label": "Attempts side by side", "data-testid": "lanes" });
  ui.verdicts = h("div", { class: "legend", role: "group", "aria-label": "Decision" });
  ui.legend = h("div", { class: "legend", role: "group", "aria-label": "Steps and navigation" });
  ui.reasons = h("div", { class: "reasons", role: "group", "aria-label": "Rejection reasons" });
  ui.noteBox = h("textarea", { class: "note-box", rows: "2", maxlength: "10000", "aria-label": "Note on this rollout",
    placeholder: "Note on this rollout" });
  ui.noteBar = h("div", { class: "note-bar", hidden: true }, ui.noteBox,
    h("button", { class: "small", type: "button", onclick: () => saveNote(s) }, h("kbd", { "aria-hidden": "true" }, "Enter"), " Save"),
    h("button", { class: "small", type: "button", onclick: () => closeNote(s) }, h("kbd", { "aria-hidden": "true" }, "Esc"), " Cancel"));
  ui.last = h("div", { class: "last", "data-shown": "false" });
  ui.save = h("span", { class: "save", role: "status", "aria-live": "polite", "data-testid": "save-state", "data-state": "saved" });
  ui.live = h("span", { class: "unseen-live", role: "status", "aria-live": "polite" });
  ui.help = h("dialog", { class: "help", "aria-label": "Keyboard shortcuts" });
  const top = h("div", { class: "head" }, ui.position, ui.reward, ui.badges, ui.flags, ui.attempt, ui.brief, ui.more, ui.where, ui.copyKey);
  const body = h("div", { class: "body" }, ui.tools, ui.tabs, ui.rail, ui.talk, ui.side, ui.lanes);
  ui.foot = h("div", { class: "foot" }, ui.reasons, ui.verdicts, ui.legend, h("div", { class: "status" }, ui.save));
  ui.root = h("div", { class: "reader", "data-testid": "reader" }, top, ui.details, ui.notices, body, ui.noteBar, ui.foot, ui.last, ui.live, ui.help);
  ui.talk.addEventListener("scroll", () => { s.drawn.frame ??= requestAnimationFrame(() => { s.drawn.frame = null; follow(s); }); }, { passive: true });
  ui.tabs.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    cycleTab(s, event.key === "ArrowLeft" ? -1 : 1);
    ui.tabs.querySelector('[aria-selected="true"]').focus();
  });
  ui.noteBox.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); saveNote(s); }
    if (event.key === "Escape") { event.preventDefault(); closeNote(s); }
  });
  ui.findBox.addEventListener("input", () => { clearTimeout(s.timers.finding); s.timers.finding = setTimeout(() => find(s), 80); });
  ui.findBox.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); findStep(s, event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") { event.preventDefault(); closeFind(s, true); }
  });
  ui.root.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest("button") && !event.target.closest("dialog")) ui.talk.focus({ preventScroll: true });
  });
  return ui;
}

/** Draw the legend: every button names its key. */
export function legend(s) {
  const shape = JSON.stringify([s.data.keys, s.preferences.keys, s.preferences.keysOff, s.preferences.advance]);
  if (s.drawn.legendShape === shape && s.ui.legend.childElementCount) return;
  s.drawn.legendShape = shape;
  const button = (action, text, kind) => {
    const key = s.preferences.keysOff ? "" : keyOf(s, action)[0] || "";
    return h("button", { class: `act ${kind || ""}`, type: "button", "data-action": action, "aria-keyshortcuts": key || null, onclick: () => act(s, action) },
      key ? h("kbd", { "aria-hidden": "true" }, key) : null, text);
  };
  const gap = () => h("span", { class: "gap", "aria-hidden": "true" });
  const help = button("help", "");
  help.setAttribute("aria-label", "Keys");
  help.title = "Keyboard shortcuts";
  const arrow = (action, text, sign) => { const made = button(action, sign); made.setAttribute("aria-label", text); made.title = `${text} rollout`; return made; };
  const advance = h("input", { type: "checkbox", "aria-label": "Auto-advance", onchange: (event) => { s.preferences.advance = event.target.checked; remember(s); } });
  advance.checked = s.preferences.advance;
  s.ui.why = h("button", { class: "act why", type: "button", onclick: () => askWhy(s) }, "Reasons");
  s.ui.verdicts.replaceChildren(button("reject", "Reject", "verdict"), button("accept", "Accept", "verdict"), s.ui.why);
  s.ui.legend.replaceChildren(button("undo", "Undo"), button("clear", "Clear", "clear"), button("note", "Note"), gap(),
    arrow("previous", "Previous", "\u2039"), arrow("next", "Next", "\u203a"), gap(), help,
    h("label", { class: "advance", title: "Auto-advance: go to the next rollout after each decision" }, advance, "Auto"));
  seatReasons(s);
}

/** Put the reasons into the foot where they have room, else on a row of their own that comes when it is asked for. */
export function seatReasons(s) {
  const { foot, reasons } = s.ui;
  foot.dataset.reasons = "measured";
  const over = foot.scrollWidth - foot.clientWidth;
  foot.dataset.reasons = over > SQUEEZE * reasons.scrollWidth ? "below" : "inline";
}

// ---- views, size

export function setTab(s, name) {
  s.preferences.tab = name;
  remember(s);
  tabs(s);
  side(s);
}

function tabs(s) {
  const chosen = s.page.wide && s.preferences.tab === "conversation" ? "example" : s.preferences.tab;
  for (const tab of s.ui.tabs.children) {
    tab.setAttribute("aria-selected", String(tab.dataset.tab === chosen));
    tab.tabIndex = tab.dataset.tab === chosen ? 0 : -1;
  }
  s.ui.root.dataset.tab = chosen;
}

export function cycleTab(s, by = 1) {
  const names = s.page.wide ? ["example", "raw"] : ["conversation", "example", "raw"];
  setTab(s, names[(names.indexOf(s.ui.root.dataset.tab) + by + names.length) % names.length]);
}

export function widen(s, width) {
  const wide = width >= 1100;
  s.ui.root.dataset.compact = String(width < 700);
  seatReasons(s);
  if (s.page.wide === wide && s.ui.root.dataset.wide) return;
  s.page.wide = wide;
  s.ui.root.dataset.wide = String(wide);
  seatReasons(s);
  tabs(s);
  if (s.drawn.key) side(s);
}

/** Fill the viewport below the reader's top; nothing stands under it, so the page's padding is taken back. */
export function fit(s) {
  const { root } = s.ui;
  const host = root.getRootNode().host || root.parentElement;
  const scroller = scrollerAround(host);
  let padding = 0;
  for (let up = host.parentElement; up && up !== scroller.parentElement; up = up.parentElement) padding += parseFloat(getComputedStyle(up).paddingBottom) || 0;
  const top = root.getBoundingClientRect().top + (scroller.scrollTop || 0);
  root.style.setProperty("--rc-top", `${Math.max(0, Math.round(top))}px`);
  host.style?.setProperty("margin-bottom", `${-Math.max(0, Math.round(padding - BELOW_PX))}px`);
}

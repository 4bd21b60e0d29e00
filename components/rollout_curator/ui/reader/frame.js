// The frame around a rollout: its fixed parts, tabs, legend, save state, size.

import { keyOf } from "./bindings.js";
import { closeFind, copyAll, find, findStep, follow, openFind } from "./find.js";
import { act } from "./keys.js";
import { closeNote, saveNote } from "./reasons.js";
import { side } from "./side.js";
import { remember } from "./state.js";
import { h } from "./text.js";

/** Build the parts that stay while rollouts come and go. */
export function layout(s) {
  const ui = {};
  const talkTab = (name, text) => h("button", { class: "tab", role: "tab", type: "button", id: `tab-${name}`, "data-tab": name,
    "aria-controls": name === "conversation" ? "talk" : "side", onclick: () => setTab(s, name) }, text);
  ui.position = h("span", { class: "position" });
  ui.reward = h("span", { class: "reward" });
  ui.badges = h("span", { class: "badges" });
  ui.attempt = h("span", { class: "attempt-line" });
  ui.facts = h("dl", { class: "facts" });
  ui.where = h("span", { class: "where mono quiet" });
  ui.components = h("dl", { class: "facts components", "aria-label": "Other numbers of this rollout" });
  ui.flags = h("div", { class: "flags" });
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
  ui.legend = h("div", { class: "legend", role: "group", "aria-label": "Decision and navigation" });
  ui.reasons = h("div", { class: "reasons", role: "group", "aria-label": "Rejection reasons" });
  ui.noteBox = h("textarea", { class: "note-box", rows: "2", maxlength: "10000", "aria-label": "Note on this rollout",
    placeholder: "Note on this rollout" });
  ui.noteBar = h("div", { class: "note-bar", hidden: true }, ui.noteBox,
    h("button", { class: "small", type: "button", onclick: () => saveNote(s) }, h("kbd", { "aria-hidden": "true" }, "Enter"), " Save"),
    h("button", { class: "small", type: "button", onclick: () => closeNote(s) }, h("kbd", { "aria-hidden": "true" }, "Esc"), " Cancel"));
  ui.last = h("span", { class: "last quiet" });
  ui.save = h("span", { class: "save", role: "status", "aria-live": "polite", "data-testid": "save-state", "data-state": "saved" });
  ui.live = h("span", { class: "unseen-live", role: "status", "aria-live": "polite" });
  ui.help = h("dialog", { class: "help", "aria-label": "Keyboard shortcuts" });
  const top = h("div", { class: "head" }, h("div", { class: "head-main" }, ui.position, ui.reward, ui.badges, ui.flags, ui.where),
    h("div", { class: "head-facts" }, ui.attempt, ui.facts), ui.components);
  const body = h("div", { class: "body" }, ui.tools, ui.tabs, ui.rail, ui.talk, ui.side, ui.lanes);
  const foot = h("div", { class: "foot" }, ui.legend, h("div", { class: "status" }, ui.last, ui.save));
  ui.root = h("div", { class: "reader", "data-testid": "reader" }, top, ui.notices, body, ui.reasons, ui.noteBar, foot, ui.live, ui.help);
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
  const advance = h("input", { type: "checkbox", onchange: (event) => { s.preferences.advance = event.target.checked; remember(s); } });
  advance.checked = s.preferences.advance;
  s.ui.legend.replaceChildren(button("reject", "Reject", "verdict"), button("accept", "Accept", "verdict"),
    button("undo", "Undo"), button("clear", "Clear", "clear"), button("note", "Note"), gap(),
    button("previous", "Previous"), button("next", "Next"), gap(), button("help", "Keys"),
    h("label", { class: "advance", title: "Go to the next rollout after each decision" }, advance, "Auto-advance"));
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
  if (s.page.wide === wide && s.ui.root.dataset.wide) return;
  s.page.wide = wide;
  s.ui.root.dataset.wide = String(wide);
  tabs(s);
  if (s.drawn.key) side(s);
}

/** Fill the viewport below the reader's top; what stands under it shows its first line, else the page's padding is taken back. */
export function fit(s) {
  const { root } = s.ui;
  const host = root.getRootNode().host || root.parentElement;
  let scroller = host, padding = 0;
  for (let up = host.parentElement; up && up !== document.body; up = up.parentElement) {
    const style = getComputedStyle(up);
    padding += parseFloat(style.paddingBottom) || 0;
    scroller = up;
    if (/auto|scroll/.test(style.overflowY)) break;
  }
  const below = host.closest("[data-testid=stElementContainer]")?.nextElementSibling;
  const isMore = !!below && below.getBoundingClientRect().height > 0;
  const top = root.getBoundingClientRect().top + (scroller.scrollTop || 0);
  root.style.setProperty("--rc-top", `${Math.max(0, Math.round(top))}px`);
  root.style.setProperty("--rc-below", isMore ? "46px" : "8px");
  host.style?.setProperty("margin-bottom", isMore ? "0px" : `${-Math.max(0, Math.round(padding - 8))}px`);
}

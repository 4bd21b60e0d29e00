// The list of keys, where each can be changed; what was chosen stays in this browser.

import { keymap, keyOf, KEYS, WORDS } from "./bindings.js";
import { legend } from "./frame.js";
import { head } from "./head.js";
import { current, remember } from "./state.js";
import { cased, h } from "./text.js";

const GROUPS = [
  ["Decide", ["reject", "accept", "clear", "undo", "redo", "note", "mark"]],
  ["Move", ["next", "previous", "first", "last", "attempt", "difference", "compare"]],
  ["Read", ["turnNext", "turnPrevious", "find", "fold", "tab", "shape", "help"]],
];
const RESERVED = /^([1-9 ]|Escape|Tab|Enter|Shift|Control|Alt|Meta|CapsLock|Dead|Process|Arrow.*|Page.*|Home|End)$/;

/** Show every key with what it does. */
export function openHelp(s) {
  drawHelp(s, "");
  s.ui.help.showModal();
}

function drawHelp(s, words) {
  const offered = Math.min(9, (s.data.reasons || []).length);
  const parts = GROUPS.map(([title, actions]) => h("section", {}, h("h3", {}, title),
    h("table", {}, h("tbody", {}, ...actions.map((action) => keyRow(s, action))))));
  const digits = h("tr", {}, h("td", {}, h("kbd", {}, "1"), "\u2013", h("kbd", {}, String(offered))), h("th", { scope: "row" }, `Set a reason, before ${keyOf(s, "reject")[0] || "rejecting"}`), h("td"));
  if (offered) parts[0].querySelector("tbody").prepend(digits);
  const close = h("button", { class: "small", type: "button", autofocus: true, onclick: () => s.ui.help.close() }, "Close");
  const reset = h("button", { class: "small", type: "button", onclick: () => chooseKeys(s, {}, "default keys restored") }, "Reset to defaults");
  const off = h("input", { type: "checkbox", onchange: (event) => { s.preferences.keysOff = event.target.checked; chooseKeys(s, s.preferences.keys || {}, ""); } });
  off.checked = !!s.preferences.keysOff;
  s.ui.help.replaceChildren(
    h("div", { class: "help-head" }, h("h2", {}, "Keyboard shortcuts"), h("span", { class: "help-said", role: "status" }, words), reset, close),
    h("div", { class: "help-groups" }, ...parts),
    h("p", { class: "quiet" }, "Space, arrow keys, Home and End scroll. Shortcuts are off while you type. " +
      "Digits come before the verdict: set reasons, then reject; on a rejected rollout they change its reasons at once. " +
      "Decisions are stored in this browser until the server has saved them."),
    h("label", { class: "advance" }, off, "Disable single-key shortcuts (except ?)"));
}

function keyRow(s, action) {
  const change = h("button", { class: "small change", type: "button", "data-action": action, "aria-label": `Change the key for ${WORDS[action]}` }, "Change");
  change.addEventListener("click", () => awaitKey(s, action, change));
  return h("tr", {}, h("td", {}, ...keyOf(s, action).map((key) => h("kbd", {}, key))), h("th", { scope: "row" }, cased(WORDS[action])), h("td", {}, change));
}

/** Take the next key that is pressed for an action; Escape keeps the old one. */
function awaitKey(s, action, button) {
  button.textContent = "Press a key";
  const listen = (event) => {
    if (["Shift", "Control", "Alt", "Meta", "CapsLock"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    stop();
    if (event.key === "Escape" || event.key === "Tab") return drawHelp(s, "");
    const taken = Object.keys(KEYS).find((other) => other !== action && keyOf(s, other).includes(event.key));
    if (RESERVED.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return drawHelp(s, "this key is reserved");
    if (taken) return drawHelp(s, `${event.key} is already used for ${WORDS[taken]}`);
    chooseKeys(s, { ...(s.preferences.keys || {}), [action]: [event.key] }, `${event.key} now means ${WORDS[action]}`);
    s.ui.help.querySelector(`[data-action="${action}"]`).focus();
  };
  const stop = () => { window.removeEventListener("keydown", listen, true); s.ui.help.removeEventListener("close", stop); };
  window.addEventListener("keydown", listen, true);
  s.ui.help.addEventListener("close", stop);
}

function chooseKeys(s, keys, words) {
  s.preferences.keys = keys;
  remember(s);
  s.keymap = keymap(s);
  legend(s);
  const here = current(s);
  if (here) head(s, here);
  drawHelp(s, words);
}

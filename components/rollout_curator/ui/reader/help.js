// The list of keys, where each can be changed; what was chosen stays in this browser.

import { keymap, keyOf, KEYS, WORDS } from "./bindings.js";
import { legend } from "./frame.js";
import { head } from "./head.js";
import { current, remember } from "./state.js";
import { h } from "./text.js";

const GROUPS = [
  ["Decide", ["reject", "accept", "clear", "undo", "redo", "note", "mark"]],
  ["Move", ["next", "previous", "first", "last", "attempt", "difference", "compare"]],
  ["Read", ["turnNext", "turnPrevious", "find", "fold", "tab", "help"]],
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
  const digits = h("tr", {}, h("td", {}, h("kbd", {}, "1"), h("kbd", {}, String(offered))), h("th", { scope: "row" }, "name a reason"), h("td"));
  if (offered) parts[0].querySelector("tbody").append(digits);
  const close = h("button", { class: "small", type: "button", autofocus: true, onclick: () => s.ui.help.close() }, "close");
  const reset = h("button", { class: "small", type: "button", onclick: () => chooseKeys(s, {}, "the usual keys are back") }, "usual keys");
  const off = h("input", { type: "checkbox", onchange: (event) => { s.preferences.keysOff = event.target.checked; chooseKeys(s, s.preferences.keys || {}, ""); } });
  off.checked = !!s.preferences.keysOff;
  s.ui.help.replaceChildren(
    h("div", { class: "help-head" }, h("h2", {}, "Keys"), h("span", { class: "help-said", role: "status" }, words), reset, close),
    h("div", { class: "help-groups" }, ...parts),
    h("p", { class: "quiet" }, "Space, the arrow keys, Home and End scroll. Keys rest while you type in a field. " +
      "A digit names a reason before you reject, and changes the reasons of a rejection that stands. " +
      "A decision stays in this browser until the server has it on disk."),
    h("label", { class: "advance" }, off, "turn single keys off, all but this list; the buttons stay"));
}

function keyRow(s, action) {
  const change = h("button", { class: "small change", type: "button", "data-action": action, "aria-label": `change the key for ${WORDS[action]}` }, "change");
  change.addEventListener("click", () => awaitKey(s, action, change));
  return h("tr", {}, h("td", {}, ...keyOf(s, action).map((key) => h("kbd", {}, key))), h("th", { scope: "row" }, WORDS[action]), h("td", {}, change));
}

/** Take the next key that is pressed for an action; Escape keeps the old one. */
function awaitKey(s, action, button) {
  button.textContent = "press a key";
  const listen = (event) => {
    if (["Shift", "Control", "Alt", "Meta", "CapsLock"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    stop();
    if (event.key === "Escape" || event.key === "Tab") return drawHelp(s, "");
    const taken = Object.keys(KEYS).find((other) => other !== action && keyOf(s, other).includes(event.key));
    if (RESERVED.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return drawHelp(s, "that key cannot be used here");
    if (taken) return drawHelp(s, `${event.key} is already for: ${WORDS[taken]}`);
    chooseKeys(s, { ...(s.preferences.keys || {}), [action]: [event.key] }, `${event.key} now is for: ${WORDS[action]}`);
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

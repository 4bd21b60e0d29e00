// The keys of the reader: which key means what, when keys rest, what each one does.

const KEYS = {
  reject: ["x"], accept: ["a"], undo: ["u"], redo: ["U"], clear: ["c"], next: ["j"], previous: ["k"], first: ["g"],
  last: ["G"], turnNext: ["n", "]"], turnPrevious: ["p", "["], find: ["/"], tab: ["t"], fold: ["e"], help: ["?"],
};
const WORDS = {
  reject: "reject", accept: "accept", undo: "undo", redo: "redo", clear: "clear the decision", next: "next rollout",
  previous: "previous rollout", first: "first rollout", last: "last rollout", turnNext: "next turn",
  turnPrevious: "previous turn", find: "find in this rollout", tab: "other view", fold: "open or fold all reasoning",
  help: "this list",
};
const DONE = { reject: "rejected", accept: "accepted", clear: "cleared" };
const SIGNS = { reject: "\u2715", accept: "\u2713", kept: "\u25cf", dropped: "\u25cb" };

function keymap(chosen) {
  const map = new Map();
  for (const [action, keys] of Object.entries({ ...KEYS, ...(chosen || {}) })) for (const k of [keys].flat()) map.set(k, action);
  return map;
}

function keyOf(s, action) {
  return [(s.data.keys || {})[action] || KEYS[action]].flat();
}

/** Return whether a key press is meant for a field, a menu or a dialog, not for the reader. */
function isTyping(event) {
  const [target] = event.composedPath();
  if (!(target instanceof Element)) return false;
  const tag = target.tagName;
  if (tag === "INPUT") return !["checkbox", "radio", "button", "range", "submit"].includes(target.type);
  return tag === "TEXTAREA" || tag === "SELECT" || target.isContentEditable;
}

/** Return the action of a key press, also with caps lock or on a keyboard of another script. */
function actionOf(s, event) {
  const found = s.keymap.get(event.key);
  if (found) return found;
  if (/^[A-Z]$/.test(event.key) && !event.shiftKey) return s.keymap.get(event.key.toLowerCase());
  const code = /^Key([A-Z])$/.exec(event.code || "");
  if (!code || event.key.charCodeAt(0) < 128) return undefined;
  return s.keymap.get(event.shiftKey ? code[1] : code[1].toLowerCase());
}

function pressed(s, event) {
  if (!s.parent || !s.ui.root.isConnected || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event)) return;
  if (s.ui.help.open) { if (actionOf(s, event) === "help") { event.preventDefault(); s.ui.help.close(); } return; }
  if (document.querySelector("[role=dialog][aria-modal=true], [data-testid=stDialog]")) return;
  const digit = /^[1-9]$/.test(event.key) && (s.data.reasons || []).length;
  const action = digit ? "reason" : actionOf(s, event);
  if (!action) return scrollBy(s, event);
  event.preventDefault();
  event.stopImmediatePropagation();
  const repeats = ["next", "previous", "turnNext", "turnPrevious"];
  if (event.repeat && !repeats.includes(action)) return;
  if (digit) toggleReason(s, Number(event.key) - 1);
  else act(s, action);
}

/** Let the keys that scroll act on the conversation when nothing else has the focus. */
function scrollBy(s, event) {
  const [target] = event.composedPath();
  if (target !== document.body && target !== s.ui.talk) return;
  const pane = !s.wide && s.ui.root.dataset.tab !== "conversation" ? s.ui.side : s.ui.talk;
  if (event.key === "End") s.drawing?.finish();
  const page = pane.clientHeight * 0.9;
  const whole = pane.scrollHeight;
  const ways = { " ": event.shiftKey ? -page : page, PageDown: page, PageUp: -page, ArrowDown: 60, ArrowUp: -60, End: whole, Home: -whole };
  const by = ways[event.key];
  if (by === undefined) return;
  event.preventDefault();
  pane.scrollBy({ top: by });
}

/** Do what a key or a button names. */
function act(s, action) {
  const deeds = {
    reject: () => decide(s, "reject"), accept: () => decide(s, "accept"), clear: () => decide(s, "clear"),
    undo: () => turn(s, "undo"), redo: () => turn(s, "redo"),
    next: () => step(s, 1), previous: () => step(s, -1), first: () => show(s, 0), last: () => show(s, s.total - 1),
    turnNext: () => jump(s, s.turn + 1), turnPrevious: () => jump(s, s.turn - 1),
    find: () => openFind(s), tab: () => cycleTab(s), fold: () => foldAll(s), help: () => openHelp(s),
  };
  deeds[action]?.();
}

function step(s, by) {
  const to = s.pos + by;
  if (to < 0) return say(s, "this is the first rollout");
  if (to >= s.total) return say(s, "this is the last rollout");
  show(s, to);
}

/** Show every key with what it does. */
function openHelp(s) {
  const groups = [
    ["Decide", ["reject", "accept", "clear", "undo", "redo"]], ["Move", ["next", "previous", "first", "last"]],
    ["Read", ["turnNext", "turnPrevious", "find", "fold", "tab", "help"]],
  ];
  const row = (keys, words) => h("tr", {}, h("td", {}, ...keys.map((k) => h("kbd", {}, k))), h("th", { scope: "row" }, words));
  const part = ([title, actions]) => h("section", {}, h("h3", {}, title),
    h("table", {}, h("tbody", {}, ...actions.map((action) => row(keyOf(s, action), WORDS[action])))));
  const parts = groups.map(part);
  const offered = Math.min(9, (s.data.reasons || []).length);
  if (offered) parts[0].querySelector("tbody").append(row(["1", String(offered)], "name a reason, before rejecting"));
  const close = h("button", { class: "small", type: "button", onclick: () => s.ui.help.close() }, "close");
  s.ui.help.replaceChildren(h("div", { class: "help-head" }, h("h2", {}, "Keys"), close), h("div", { class: "help-groups" }, ...parts),
    h("p", { class: "quiet" }, "Space, the arrow keys, Home and End scroll the conversation. Keys rest while you type in a field. " +
      "A decision stays in this browser until the server has it on disk."));
  s.ui.help.showModal();
}

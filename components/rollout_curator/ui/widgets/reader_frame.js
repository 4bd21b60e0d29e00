// The frame around a rollout: header, tabs, legend, save state, size.

/** Build the parts that stay while rollouts come and go. */
function layout(s) {
  const ui = {};
  const talkTab = (name, text) => h("button", { class: "tab", role: "tab", type: "button", id: `tab-${name}`, "data-tab": name,
    "aria-controls": name === "conversation" ? "talk" : "side", onclick: () => setTab(s, name) }, text);
  ui.position = h("span", { class: "position" });
  ui.reward = h("span", { class: "reward" });
  ui.badges = h("span", { class: "badges" });
  ui.facts = h("dl", { class: "facts" });
  ui.flags = h("div", { class: "flags" });
  ui.notices = h("div", { class: "notices" });
  ui.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "views of this rollout" },
    talkTab("conversation", "Conversation"), talkTab("example", "Example"), talkTab("raw", "Raw JSON"));
  ui.findBox = h("input", { class: "find-box", type: "search", placeholder: "find in this rollout", "aria-label": "find in this rollout",
    spellcheck: "false" });
  ui.findCount = h("span", { class: "quiet find-count", "aria-live": "polite" });
  ui.findBar = h("span", { class: "find", hidden: true }, ui.findBox, ui.findCount,
    h("button", { class: "small", type: "button", "aria-label": "previous match", onclick: () => findStep(s, -1) }, "\u2191"),
    h("button", { class: "small", type: "button", "aria-label": "next match", onclick: () => findStep(s, 1) }, "\u2193"),
    h("button", { class: "small", type: "button", "aria-label": "close find", onclick: () => closeFind(s, true) }, "\u2715"));
  ui.turns = h("span", { class: "quiet turns-count" });
  ui.copyAll = h("button", { class: "small", type: "button", onclick: () => copyAll(s) }, "copy all");
  ui.tools = h("div", { class: "tools" }, h("span", { class: "tools-title" }, "Conversation"), ui.turns, ui.findBar,
    h("button", { class: "small find-open", type: "button", onclick: () => openFind(s) }, "find"), ui.copyAll);
  ui.rail = h("nav", { class: "rail", "aria-label": "turns", tabindex: "0" });
  ui.talk = h("div", { class: "talk", id: "talk", role: "tabpanel", tabindex: "0", "aria-label": "conversation" });
  ui.side = h("div", { class: "side", id: "side", role: "tabpanel", tabindex: "0", "aria-label": "example or raw JSON" });
  ui.legend = h("div", { class: "legend", role: "group", "aria-label": "decide and move" });
  ui.reasons = h("div", { class: "reasons", role: "group", "aria-label": "reasons for a rejection" });
  ui.last = h("span", { class: "last quiet" });
  ui.save = h("span", { class: "save", role: "status", "aria-live": "polite", "data-testid": "save-state", "data-state": "saved" });
  ui.live = h("span", { class: "unseen-live", role: "status", "aria-live": "polite" });
  ui.help = h("dialog", { class: "help", "aria-label": "keys" });
  const top = h("header", { class: "head" }, h("div", { class: "head-main" }, ui.position, ui.reward, ui.badges, ui.flags), ui.facts);
  const body = h("div", { class: "body" }, ui.tools, ui.tabs, ui.rail, ui.talk, ui.side);
  const foot = h("footer", { class: "foot" }, ui.legend, h("div", { class: "status" }, ui.last, ui.save));
  ui.root = h("div", { class: "reader", "data-testid": "reader" }, top, ui.notices, body, ui.reasons, foot, ui.live, ui.help);
  ui.talk.addEventListener("scroll", () => { s.follow ??= requestAnimationFrame(() => { s.follow = null; follow(s); }); }, { passive: true });
  ui.tabs.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    cycleTab(s, event.key === "ArrowLeft" ? -1 : 1);
    ui.tabs.querySelector('[aria-selected="true"]').focus();
  });
  ui.findBox.addEventListener("input", () => { clearTimeout(s.finding); s.finding = setTimeout(() => find(s), 80); });
  ui.findBox.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); findStep(s, event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") { event.preventDefault(); closeFind(s, true); }
  });
  ui.root.addEventListener("click", (event) => {
    if (event.detail > 0 && event.target.closest("button") && !event.target.closest("dialog")) ui.talk.focus({ preventScroll: true });
  });
  return ui;
}

/** Write the header of a rollout: place, reward, what keeps or drops it, facts. */
function head(s, rollout) {
  const { position, reward, badges, facts, flags, turns } = s.ui;
  position.replaceChildren(h("b", {}, (Math.min(s.pos, s.total - 1) + 1).toLocaleString("en-US")), ` of ${s.total.toLocaleString("en-US")}`);
  for (const part of [badges, facts, flags]) part.replaceChildren();
  reward.textContent = "";
  turns.textContent = "";
  reasons(s, rollout);
  s.ui.root.dataset.verdict = rollout && rollout.decision ? rollout.decision.verdict : "";
  if (!rollout) return;
  reward.textContent = rewardText(rollout.reward);
  reward.title = rollout.reward === null ? rollout.rewardNote || "no reward was recorded" : `reward ${rollout.reward}`;
  reward.dataset.rated = String(rollout.reward !== null);
  turns.textContent = counted(rollout.turns.length, "turn");
  for (const [kind, sign, text] of states(s, rollout)) badges.append(badge(kind, sign, text));
  if (rollout.copies > 1) badges.append(badge("copies", "", `${rollout.copies} identical copies share this decision`));
  if (rollout.rewardNote) flags.append(chip(rollout.rewardNote.replace(/^unrated: /, "")));
  for (const flag of rollout.flags || []) flags.append(chip(flag));
  for (const [name, value] of [...(rollout.facts || []), ["where", rollout.where]]) {
    const pair = h("div", { class: "fact" }, h("dt"), h("dd", { class: name === "where" ? "mono" : "" }));
    appendVisible(pair.firstChild, name);
    appendVisible(pair.lastChild, String(value));
    facts.append(pair);
  }
}

/** Return the states of a rollout as [kind, sign, words]: the person's first, then the rule's. */
function states(s, rollout) {
  const decision = rollout.decision;
  const list = [];
  const who = decision && (decision.reviewer === s.data.reviewer ? "you" : decision.reviewer || "someone");
  if (decision && DONE[decision.verdict]) {
    const why = (decision.reasons || []).map((tag) => reasonLabel(s, tag)).join(", ");
    const words = `${DONE[decision.verdict]} by ${who}${when(decision.at, " \u00b7 ")}${why ? `: ${why}` : ""}`;
    list.push([decision.verdict, SIGNS[decision.verdict], words]);
    if (decision.note) list.push(["note-badge", "", decision.note]);
  }
  const ruled = rollout.dropReason && !/^rejected/.test(rollout.dropReason);
  const saved = decision && decision.verdict === "accept" && rollout.kept;
  if (ruled) list.push(["dropped", SIGNS.dropped, `${saved ? "kept against the rule" : "dropped"}: ${rollout.dropReason}`]);
  else if (!decision && rollout.kept) list.push(["kept", SIGNS.kept, "kept"]);
  else if (!decision) list.push(["dropped", SIGNS.dropped, rollout.dropReason || "dropped"]);
  return list;
}

function badge(kind, sign, text) {
  const made = h("span", { class: `badge ${kind}` }, sign ? h("span", { class: "sign", "aria-hidden": "true" }, sign) : null);
  const words = h("span");
  appendVisible(words, text);
  made.append(words);
  return made;
}

function chip(text) {
  const made = h("span", { class: "chip" });
  appendVisible(made, text);
  return made;
}

/** Return a moment as people say it: the time today, else the day too. */
function when(at, before) {
  const moment = new Date(at);
  if (!at || Number.isNaN(moment.getTime())) return "";
  const today = moment.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return before + moment.toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit" });
}

function reasonLabel(s, tag) {
  const known = (s.data.reasons || []).find((reason) => reason.tag === tag);
  return known ? known.label : tag;
}

/** Draw the reasons a rejection can name, when the page offers some. */
function reasons(s, rollout) {
  const offered = s.data.reasons || [];
  s.ui.reasons.hidden = !offered.length;
  const rows = offered.slice(0, 9).map((reason, at) => {
    const row = h("button", { class: "reason", type: "button", "aria-pressed": String(s.draft.has(reason.tag)),
      onclick: () => toggleReason(s, at) }, h("kbd", {}, String(at + 1)));
    appendVisible(row, reason.label);
    return row;
  });
  s.ui.reasons.replaceChildren(...(rollout ? rows : []));
}

function toggleReason(s, at) {
  const reason = (s.data.reasons || [])[at];
  if (!reason) return;
  if (!s.draft.delete(reason.tag)) s.draft.add(reason.tag);
  reasons(s, s.shelf.get(s.pos));
}

/** Draw the legend: every button names its key. */
function legend(s) {
  const shape = JSON.stringify(s.data.keys || {}) + s.preferences.advance;
  if (s.legendShape === shape && s.ui.legend.childElementCount) return;
  s.legendShape = shape;
  const button = (action, text, kind) => h("button", { class: `act ${kind || ""}`, type: "button",
    "aria-label": `${text}, key ${keyOf(s, action)[0]}`, onclick: () => act(s, action) },
    h("kbd", { "aria-hidden": "true" }, keyOf(s, action)[0]), text);
  const gap = () => h("span", { class: "gap", "aria-hidden": "true" });
  const advance = h("input", { type: "checkbox", onchange: (event) => { s.preferences.advance = event.target.checked; remember(s); } });
  advance.checked = s.preferences.advance;
  s.ui.legend.replaceChildren(button("reject", "reject", "verdict"), button("accept", "accept", "verdict"),
    button("undo", "undo"), button("clear", "clear", "clear"), gap(),
    button("previous", "previous"), button("next", "next"), gap(), button("help", "keys"),
    h("label", { class: "advance", title: "show the next rollout after each decision" }, advance, "move on"));
}

function saveState(s) {
  if (!s.ui) return;
  const waiting = [s.outbox, ...s.others].reduce((sum, outbox) => sum + outbox.queue.length, 0);
  const { save } = s.ui;
  save.dataset.state = !waiting ? "saved" : s.trouble ? "error" : "saving";
  const idle = s.everSaved ? "saved" : "nothing to save";
  const words = !waiting ? idle : s.trouble ? `${waiting} not saved: ${troubleText(s.trouble)}` : `saving ${waiting}\u2026`;
  if (save.textContent !== words) save.textContent = words;
  save.title = waiting && s.outbox.storable ? "kept in this browser until the server has it" : "";
}

function troubleText(trouble) {
  if (trouble.status === 401 || trouble.status === 403) return "the server restarted, connecting again";
  return trouble.status ? `${trouble.message}, will retry` : "server not reachable, will retry";
}

function last(s, words) { s.ui.last.textContent = words; }

function say(s, words) { last(s, words); s.ui.live.textContent = words; }

function announce(s, rollout) {
  clearTimeout(s.speaking);
  s.speaking = setTimeout(() => {
    const known = states(s, rollout).map(([, , words]) => words).join(", ");
    s.ui.live.textContent = `rollout ${s.pos + 1} of ${s.total}, reward ${rewardText(rollout.reward)}, ${known}`;
  }, 400);
}

// ---- views, size

function setTab(s, name) {
  s.preferences.tab = name;
  remember(s);
  tabs(s);
  side(s);
}

function tabs(s) {
  const chosen = s.wide && s.preferences.tab === "conversation" ? "example" : s.preferences.tab;
  for (const tab of s.ui.tabs.children) {
    tab.setAttribute("aria-selected", String(tab.dataset.tab === chosen));
    tab.tabIndex = tab.dataset.tab === chosen ? 0 : -1;
  }
  s.ui.root.dataset.tab = chosen;
}

function cycleTab(s, by = 1) {
  const names = s.wide ? ["example", "raw"] : ["conversation", "example", "raw"];
  setTab(s, names[(names.indexOf(s.ui.root.dataset.tab) + by + names.length) % names.length]);
}

function widen(s, width) {
  const wide = width >= 1100;
  s.ui.root.dataset.compact = String(width < 700);
  if (s.wide === wide && s.ui.root.dataset.wide) return;
  s.wide = wide;
  s.ui.root.dataset.wide = String(wide);
  tabs(s);
  if (s.drawnKey) side(s);
}

/** Fill the viewport below the reader's top, and take back the padding that the page leaves under it. */
function fit(s) {
  const { root } = s.ui;
  const host = root.getRootNode().host || root.parentElement;
  let scroller = host, padding = 0;
  for (let up = host.parentElement; up && up !== document.body; up = up.parentElement) {
    const style = getComputedStyle(up);
    padding += parseFloat(style.paddingBottom) || 0;
    scroller = up;
    if (/auto|scroll/.test(style.overflowY)) break;
  }
  const top = root.getBoundingClientRect().top + (scroller.scrollTop || 0);
  root.style.setProperty("--rc-top", `${Math.max(0, Math.round(top))}px`);
  host.style?.setProperty("margin-bottom", `${-Math.max(0, Math.round(padding - 8))}px`);
}

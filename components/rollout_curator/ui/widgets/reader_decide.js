// Deciding: what a press changes here at once, and what the server's answer changes later.

function asDecision(s, entry) {
  if (entry.verdict === "clear") return null;
  return { id: null, verdict: entry.verdict, reasons: entry.reasons, note: entry.note, reviewer: s.data.reviewer, at: entry.made };
}

function decide(s, verdict) {
  const rollout = s.shelf.get(s.pos);
  if (!rollout || s.drawnKey !== rollout.key) return say(s, "not loaded yet");
  if (verdict === "clear" && !rollout.decision) return say(s, "nothing to clear");
  const reasons = verdict === "reject" ? [...s.draft] : [];
  const expected = rollout.decision ? rollout.decision.id : null;
  const { reviewer } = s.data;
  const entry = { kind: "decide", reviewer, key: rollout.key, pos: s.pos, verdict, reasons, note: "", expected };
  s.made.push({ pos: s.pos, key: rollout.key, before: rollout.decision, after: { ...entry, made: new Date().toISOString() } });
  s.undone = [];
  apply(s, rollout.key, asDecision(s, s.made.at(-1).after));
  s.made.at(-1).seq = s.outbox.add(entry);
  last(s, `${SIGNS[verdict] || ""} no. ${s.pos + 1} ${DONE[verdict]}`.trim());
  if (!s.preferences.advance || verdict === "clear") return;
  if (s.pos + 1 < s.total) show(s, s.pos + 1);
  else say(s, "that was the last rollout of this queue");
}

/** Take back or make again; the server keeps the history, this page shows it at once where it knows. */
function turn(s, kind) {
  const [from, to] = kind === "undo" ? [s.made, s.undone] : [s.undone, s.made];
  const step = from.pop();
  const nothing = { verdict: null, reasons: [], note: "", expected: null };
  const entry = { kind, reviewer: s.data.reviewer, key: step ? step.key : null, pos: step ? step.pos : null, ...nothing };
  if (step) {
    to.push(step);
    apply(s, step.key, kind === "undo" ? step.before : asDecision(s, step.after));
    show(s, step.pos);
    last(s, `no. ${step.pos + 1} ${kind === "undo" ? "undone" : "redone"}`);
  } else if (kind === "redo") return say(s, "nothing to redo");
  else s.asked = s.pos;
  s.outbox.add(entry);
}

/** Put a decision on every held rollout of the same content. */
function apply(s, key, decision) {
  for (const { rollout } of s.shelf.held.values()) if (rollout.key === key) rollout.decision = decision;
  const here = s.shelf.held.get(s.pos);
  if (here && here.rollout.key === key) head(s, here.rollout);
}

/** Hear from an outbox: what is saved, what is not, and what someone else decided meanwhile. */
function told(s, event, outbox, answer, entries) {
  if (event === "failed") {
    s.trouble = answer;
    if (answer.status === 401 || answer.status === 403) refreshPage(s);
  }
  if (event === "acked") {
    s.trouble = null;
    s.everSaved = true;
    s.version = answer.version;
    if (!outbox.queue.length && outbox !== s.outbox) s.others = s.others.filter((other) => other !== outbox);
    for (const result of answer.results || []) settle(s, result, entries.find((entry) => entry.seq === result.seq), outbox);
    restartedAs(s, answer.boot);
    clearTimeout(s.telling);
    s.telling = setTimeout(() => s.parent && s.send.setTriggerValue("decided", s.version), 700);
  }
  saveState(s);
}

function settle(s, result, entry, outbox) {
  if (result.refused) return refused(s, result, entry, outbox);
  const waits = outbox.queue.some((later) => later.kind !== "decide" || later.key === result.key);
  if (result.conflict) {
    conflict(s, result, entry);
    if (outbox === s.outbox) s.made = s.made.filter((step) => step.seq !== result.seq);
  }
  if (result.key && !waits) {
    apply(s, result.key, result.decision);
    refetch(s, result.key, entry);
  }
  if (!entry || entry.kind === "decide" || outbox !== s.outbox) return;
  if (result.nothing) return last(s, `nothing to ${entry.kind}`);
  const moved = entry.key === null || entry.key !== result.key;
  if (moved && typeof result.pos === "number" && (s.asked === undefined || s.asked === s.pos)) show(s, result.pos);
  else if (moved) last(s, `${entry.kind} done on a rollout outside this queue`);
  s.asked = undefined;
}

/** After anything but a rejection the server's own words are needed: kept or dropped, and by what. */
function refetch(s, key, entry) {
  const plain = entry && entry.kind === "decide" && entry.verdict === "reject";
  if (plain) return;
  for (const [pos, { rollout }] of s.shelf.held) {
    if (rollout.key === key && (rollout.dropReason || entry?.verdict !== "accept")) s.shelf.fetch(pos, 1, s.source, s.pos);
  }
}

function conflict(s, result, entry) {
  const theirs = result.conflict;
  const text = h("span");
  const pos = typeof result.pos === "number" ? result.pos : entry ? entry.pos : null;
  const who = theirs.reviewer === s.data.reviewer ? "you, in another window," : theirs.reviewer || "someone";
  const mine = entry && entry.kind === "decide" ? `Your ${entry.verdict} was not recorded.` : "Nothing was changed.";
  const which = nameOf(pos);
  appendVisible(text, `${which}: ${who} ${DONE[theirs.verdict] || theirs.verdict} it${when(theirs.at, " at ")}, before your press arrived. ${mine}`);
  last(s, `${which.toLowerCase()} unchanged`);
  notify(s, text, pos);
}

/** Say that an entry will never be saved and why, and show the rollout as the server has it. */
function refused(s, result, entry, outbox) {
  const pos = typeof result.pos === "number" ? result.pos : null;
  const words = result.elsewhere ? `not saved now: ${result.refused}; kept in this browser` : `not saved: ${result.refused}`;
  say(s, `${nameOf(pos)} ${words}`);
  if (outbox === s.outbox) for (const name of ["made", "undone"]) s[name] = s[name].filter((step) => step.seq !== result.seq);
  for (const [at, { rollout }] of s.shelf.held) if (entry && rollout.key === entry.key) s.shelf.fetch(at, 1, s.source, s.pos);
  if (result.elsewhere) return;
  const text = h("span");
  appendVisible(text, `${nameOf(pos)} was not saved: ${result.refused}`);
  notify(s, text, pos);
}

function nameOf(pos) {
  return pos === null ? "A rollout" : `Rollout ${(pos + 1).toLocaleString("en-US")}`;
}

/** Put words above the reading that stay until they are dismissed. */
function notify(s, text, pos) {
  const notice = h("div", { class: "notice", role: "alert" }, text);
  if (pos !== null) notice.append(h("button", { class: "small", type: "button", onclick: () => show(s, pos) }, "look at it"));
  notice.append(h("button", { class: "small", type: "button", onclick: () => notice.remove() }, "dismiss"));
  s.ui.notices.append(notice);
}

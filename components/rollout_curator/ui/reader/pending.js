// Decisions and marks on their way to the server, as they show meanwhile.

/** Return an entry as the decision that it will be, null for none. */
export function asDecision(s, entry) {
  if (entry.verdict === "clear") return null;
  return { id: null, verdict: entry.verdict, reasons: entry.reasons, note: entry.note, reviewer: s.data.reviewer, at: entry.made };
}

/** Return an entry as the mark that it will be, null for none. */
export function asMark(s, entry) {
  return entry.verdict === "mark" ? { id: null, reviewer: s.data.reviewer, at: entry.made } : null;
}

/** A decision that is still on its way shows on rollouts that arrive meanwhile. */
export function keepPending(s, rollout) {
  const own = s.saving.outbox.queue.filter((entry) => entry.key === rollout.key && entry.kind === "decide");
  const waiting = own.filter((entry) => entry.item === undefined).pop();
  if (waiting) rollout.decision = asDecision(s, waiting);
  for (const entry of own) if (entry.item !== undefined) {
    const { [entry.item]: gone, ...others } = rollout.marks || {};
    rollout.marks = entry.verdict === "mark" ? { ...others, [entry.item]: asMark(s, entry) } : others;
  }
}

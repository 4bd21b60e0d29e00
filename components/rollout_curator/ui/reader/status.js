// What is said at the foot and aloud: whether all is saved, and what was just done.

/** Say whether all is saved. */
export function saveState(s) {
  if (!s.ui) return;
  const waiting = [s.saving.outbox, ...s.saving.others].reduce((sum, outbox) => sum + outbox.queue.length, 0);
  const { save } = s.ui;
  save.dataset.state = !waiting ? "saved" : s.saving.trouble ? "error" : "saving";
  const idle = s.saving.everSaved ? "saved" : "nothing to save";
  const words = !waiting ? idle : s.saving.trouble ? `${waiting} not saved: ${troubleText(s.saving.trouble)}` : `saving ${waiting}\u2026`;
  if (save.textContent !== words) save.textContent = words;
  save.title = !waiting ? "" : s.saving.outbox.storable ? "kept in this browser until the server has it" : "this browser cannot keep it: stay on this page";
}

function troubleText(trouble) {
  if (trouble.status === 401 || trouble.status === 403) return "the server restarted, connecting again";
  return trouble.status ? `${trouble.message}, will retry` : "server not reachable, will retry";
}

/** Say at the foot what was just done. */
export function last(s, words) { s.ui.last.textContent = words; }

/** Say it aloud too. */
export function say(s, words) { last(s, words); s.ui.live.textContent = words; }

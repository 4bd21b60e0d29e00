// What is said at the foot and aloud: whether all is saved, and what was just done.

/** Say whether all is saved. */
export function saveState(s) {
  if (!s.ui) return;
  const waiting = [s.saving.outbox, ...s.saving.others].reduce((sum, outbox) => sum + outbox.queue.length, 0);
  const { save } = s.ui;
  save.dataset.state = !waiting ? "saved" : s.saving.trouble ? "error" : "saving";
  const idle = s.saving.everSaved ? "saved" : "no unsaved changes";
  const words = !waiting ? idle : s.saving.trouble ? `${waiting} not saved yet: ${troubleText(s.saving.trouble)}` : `saving ${waiting}\u2026`;
  if (save.textContent !== words) save.textContent = words;
  save.title = !waiting ? "" : s.saving.outbox.storable ? "stored in this browser until the server saves it" : "cannot be stored in this browser: keep this page open";
}

function troubleText(trouble) {
  if (trouble.status === 401 || trouble.status === 403) return "server restarted, reconnecting";
  return trouble.status ? `${trouble.message}, retrying` : "server unreachable, retrying";
}

/** Say at the foot what was just done. */
export function last(s, words) { s.ui.last.textContent = words; }

/** Say it aloud too. */
export function say(s, words) { last(s, words); s.ui.live.textContent = words; }

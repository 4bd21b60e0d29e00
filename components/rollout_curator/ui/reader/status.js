// What is said at the foot and aloud: whether all is saved, and what was just done.

const SAID_MS = 5000;

/** Say whether all is saved. */
export function saveState(s) {
  if (!s.ui) return;
  const waiting = [s.saving.outbox, ...s.saving.others].reduce((sum, outbox) => sum + outbox.queue.length, 0);
  const { save } = s.ui;
  save.dataset.state = !waiting ? "saved" : s.saving.trouble ? "error" : "saving";
  const words = !waiting ? "saved" : s.saving.trouble ? `${waiting} not saved yet: ${troubleText(s.saving.trouble)}` : `saving ${waiting}\u2026`;
  if (save.textContent !== words) save.textContent = words;
  save.title = !waiting ? "" : s.saving.outbox.storable ? "stored in this browser until the server saves it" : "cannot be stored in this browser: keep this page open";
}

function troubleText(trouble) {
  if (trouble.status === 401 || trouble.status === 403) return "server restarted, reconnecting";
  return trouble.status ? `${trouble.message}, retrying` : "server unreachable, retrying";
}

/** Say in a corner what was just done, for some seconds; with an `offer`, a button beside it, until the next words. */
export function last(s, words, offer = null) {
  s.ui.last.replaceChildren(words, ...(offer ? [offer] : []));
  s.ui.last.dataset.shown = "true";
  clearTimeout(s.timers.fading);
  if (!offer) s.timers.fading = setTimeout(() => { s.ui.last.dataset.shown = "false"; }, SAID_MS);
}

/** Say it aloud too. */
export function say(s, words) { last(s, words); s.ui.live.textContent = words; }

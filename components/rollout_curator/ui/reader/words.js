// Words for decisions: signs, reasons, moments, failures.

import { counted } from "./text.js";

export const DONE = { reject: "rejected", accept: "accepted", clear: "cleared" };
export const SIGNS = { reject: "\u2715", accept: "\u2713", kept: "\u25cf", dropped: "\u25cb" };
export const HIDDEN = "reward hidden (blind)";
export const CHOSEN = "chosen";
export const CHOSEN_OVER = "chosen-over:";

/** Return reasons in words; the rollouts that one was chosen over are only counted. */
export function reasonWords(s, tags) {
  const over = tags.filter((tag) => tag.startsWith(CHOSEN_OVER)).length;
  const named = tags.filter((tag) => !tag.startsWith(CHOSEN_OVER) && !(over && tag === CHOSEN)).map((tag) => reasonLabel(s, tag));
  return [...named, ...(over ? [`preferred over ${counted(over, "other attempt")}`] : [])].join(", ");
}

function reasonLabel(s, tag) {
  const known = (s.data.reasons || []).find((reason) => reason.tag === tag);
  return known ? known.label : tag;
}

/** Return a moment as people say it: the time today, else the day too. */
export function when(at, before) {
  const moment = new Date(at);
  if (!at || Number.isNaN(moment.getTime())) return "";
  const today = moment.toDateString() === new Date().toDateString();
  const day = today ? {} : { day: "numeric", month: "short" };
  return before + moment.toLocaleString("en-GB", { ...day, hour: "2-digit", minute: "2-digit" });
}

/** Return why a request failed, as people say it. */
export function plainly(error) {
  return error.status ? error.message : "Server unreachable";
}

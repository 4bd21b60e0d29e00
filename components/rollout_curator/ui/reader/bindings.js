// Which key means what: the default keys, those of the page, those this person chose.

export const KEYS = {
  reject: ["x"], accept: ["a"], clear: ["c"], undo: ["u", "z"], redo: ["U", "Z"], note: ["w"], mark: ["m"],
  next: ["j", "d"], previous: ["k", "s"], first: ["g"], last: ["G"],
  attempt: ["o", "r"], difference: ["f"], compare: ["b"],
  turnNext: ["n", "]"], turnPrevious: ["p", "["], find: ["/"], fold: ["e"], tab: ["t"], shape: ["v"], help: ["?"],
};

export const WORDS = {
  reject: "reject", accept: "accept", clear: "clear decision", undo: "undo", redo: "redo", note: "add a note",
  mark: "do not train this turn",
  next: "next rollout", previous: "previous rollout", first: "first rollout", last: "last rollout",
  attempt: "next attempt of this task", difference: "first difference from another attempt", compare: "compare attempts",
  turnNext: "next turn", turnPrevious: "previous turn", find: "find in this rollout", fold: "expand or collapse reasoning",
  tab: "switch tab (Example / Raw JSON)", shape: "example as text, JSON or line", help: "keyboard shortcuts",
};

/** Return the action of each key: the default ones, those of the page, those this person chose. */
export function keymap(s) {
  const map = new Map();
  if (s.preferences.keysOff) return map.set("?", "help");
  for (const action of Object.keys(KEYS)) for (const key of keyOf(s, action)) map.set(key, action);
  return map;
}

export function keyOf(s, action) {
  return [(s.preferences.keys || {})[action] ?? (s.data.keys || {})[action] ?? KEYS[action]].flat();
}

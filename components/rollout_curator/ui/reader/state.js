// The state of one reader, in pieces: built here once, handed from function to function, kept over reruns.

import { freshId, Outbox, Shelf } from "./store.js";

const PREFERENCES = "rollout-curator.reader";

/**
 * @typedef {Object} Page What Streamlit gives and takes.
 * @property {Object} send The component: `setStateValue`, `setTriggerValue`.
 * @property {?Element} parent Where the reader is mounted, null while it is not.
 * @property {?function(): void} off Stops listening.
 * @property {string} boot The run of the server that is known.
 * @property {number} refreshed When the page was last asked to run again, in ms.
 * @property {boolean} wide Whether the example has room beside the conversation.
 *
 * @typedef {Object} Place Where the reading is.
 * @property {number} pos The position in the queue, from 0.
 * @property {number} total How many rollouts the queue holds.
 * @property {?Rollout} visit A rollout that is read beside the queue.
 * @property {?string} wanted The key of the rollout to be visited, while it is asked for.
 * @property {boolean} unseen Whether the queue was not seen yet, as after a link.
 * @property {?string} moving The view that this one is being moved to, made anew.
 * @property {Set<number>} reported Positions that the page heard from here.
 * @property {Set<number>} compared Rows of the tasks that were compared here.
 * @property {number} [told] The last of them.
 * @property {number} named When the address was last written, in ms.
 * @property {string} [cameFrom] The key of the attempt that was read before this one.
 * @property {number} [asked] The position at which an undo of the server's was asked for.
 *
 * @typedef {Object} Drawn What is drawn now.
 * @property {?string} key The rollout whose turns are drawn.
 * @property {string} example Tells its example from another.
 * @property {?{stop: function(): void, finish: function(): void}} drawing The drawing that goes on between frames.
 * @property {string} shown The rollout that was drawn last, empty at first.
 * @property {string} prompt Its system prompt, by which the next one that says the same is folded.
 * @property {?number} promptRow The row that prompt is of.
 * @property {?number} frame The animation frame in which the rail follows.
 * @property {number} turn The turn that is read, from 0.
 * @property {number} jumped When a jump set it, in ms.
 * @property {string} legendShape Tells the legend from another.
 * @property {string} reasonShape Tells the reasons from others.
 * @property {string} offered The reasons that were last given room.
 * @property {boolean} details Whether what stands behind the button of the header is shown.
 * @property {boolean} why Whether the reasons were asked for where the foot has no room for them.
 * @property {?string} noting The rollout that the open note is about.
 *
 * @typedef {Object} Beside The pane beside the conversation.
 * @property {?string} wanted What it shows or is about to.
 * @property {?string} shown What it showed last.
 * @property {?Example} long The long example whose text is held, at most one.
 *
 * @typedef {Object} Found The words that are looked for.
 * @property {Element[]} marks
 * @property {number} at The mark that is shown, -1 for none.
 *
 * @typedef {Object} Saving What is decided and on its way.
 * @property {Outbox} outbox
 * @property {Outbox[]} others Those that earlier pages and other windows left behind.
 * @property {boolean} looked Whether they were looked for.
 * @property {function(string, Outbox, ...*): void} tell Hears from every outbox.
 * @property {Step[]} made What can be undone here.
 * @property {Step[]} undone What can be redone here.
 * @property {?Error} trouble Why the last request failed.
 * @property {number} [version] The version of the decisions on disk.
 * @property {Object<string, Draft>} [drafts] Reasons and notes that wait for a verdict, by key.
 * @property {string} [draftsPlace] Where the browser keeps them.
 *
 * @typedef {{pos: ?number, key: string, item: (number|undefined), before: ?Object, after: Object, seq: number}} Step
 * @typedef {{reasons: ?string[], note: ?string}} Draft
 *
 * @typedef {Object} Comparison Attempts side by side.
 * @property {Attempt[]} list
 * @property {number[]} lanes Their rows.
 * @property {Map<number, Rollout>} entries By row.
 * @property {number} shown So many turns after the first difference are drawn.
 *
 * @typedef {Object} State
 * @property {ReaderData} data What the page sent last.
 * @property {{base: string, token: string, view: string}} source Where the server is asked.
 * @property {Object<string, HTMLElement>} ui The parts that stay, as `layout` names them.
 * @property {Object} preferences What this person chose; stays in the browser.
 * @property {Map<string, string>} keymap The action of each key.
 * @property {Shelf} shelf The rollouts that are held.
 * @property {Page} page
 * @property {Place} place
 * @property {Drawn} drawn
 * @property {Beside} beside
 * @property {Found} found
 * @property {Saving} saving
 * @property {?Comparison} comparing
 * @property {Object<string, number>} timers What is to happen later, by name.
 *
 * @typedef {import("./messages.js").ReaderData} ReaderData
 * @typedef {import("./messages.js").Rollout} Rollout
 * @typedef {import("./messages.js").Attempt} Attempt
 * @typedef {import("./messages.js").Example} Example
 */

/**
 * Return the state of a reader that shows nothing yet.
 *
 * @param {ReaderData} data
 * @param {Object<string, Function>} hears `arrived` and `failed` hear from the shelf, `told` from every outbox.
 * @returns {State}
 */
export function newState(data, hears) {
  /** @type {State} */
  const s = {
    data: {}, source: null, ui: null, keymap: new Map(), comparing: null, timers: {},
    preferences: { advance: true, tab: "conversation", reasoning: false, example: "text", ...stored() },
    page: { send: null, parent: null, off: null, boot: "", refreshed: 0, wide: undefined },
    place: { pos: 0, total: 0, visit: null, wanted: null, unseen: false, moving: null, reported: new Set(), compared: new Set(), named: 0 },
    drawn: { key: null, example: "", drawing: null, shown: "", prompt: undefined, promptRow: null, turn: 0, jumped: 0, frame: null,
      legendShape: "", reasonShape: "", offered: "", details: false, why: false, noting: null },
    beside: { wanted: null, shown: null, long: null },
    found: { marks: [], at: -1 },
    saving: { outbox: null, others: [], looked: false, tell: null, made: [], undone: [], trouble: null },
  };
  s.shelf = new Shelf((answer, from) => hears.arrived(s, answer, from), (error, from, wait) => hears.failed(s, error, from, wait));
  s.saving.tell = (event, outbox, ...more) => hears.told(s, event, outbox, ...more);
  s.saving.outbox = new Outbox(freshId(), data.store || "", s.saving.tell);
  s.saving.outbox.mustWait = () => s.saving.others.some((other) => other.queue.length);
  return s;
}

/** Return the rollout that is being read: one of the queue, or one that was opened beside it. */
export function current(s) {
  return s.place.visit || s.shelf.get(s.place.pos);
}

/** Return every rollout that is held, wherever. */
export function everyHeld(s) {
  const lanes = s.comparing ? [...s.comparing.entries.values()] : [];
  return [...[...s.shelf.held.values()].map(({ rollout }) => rollout), ...lanes, ...(s.place.visit ? [s.place.visit] : [])];
}

/** Keep what this person chose. */
export function remember(s) {
  try { localStorage.setItem(PREFERENCES, JSON.stringify(s.preferences)); } catch { /* then it is asked anew */ }
}

function stored() {
  try { return JSON.parse(localStorage.getItem(PREFERENCES)) || {}; } catch { return {}; }
}

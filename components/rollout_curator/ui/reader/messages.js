// What the page, the server and the reader tell each other: every message, key by key. `messages.py` says the same.
//
// For readers and editors alone: types in comments, `import("./messages.js").Rollout`.

/**
 * @typedef {Object} Block One thing to read inside a turn.
 * @property {"text"|"reasoning"|"call"|"result"|"image"|"note"} kind
 * @property {string} text
 * @property {string} name
 * @property {string|null} callId
 * @property {string} [language]
 * @property {string[][]} [fields]
 * @property {number|null} [to]
 *
 * @typedef {Object} Mark What an example leaves out or changes at one place: at which of its messages, of which turn, in words.
 * @property {number} before
 * @property {number} turn
 * @property {string} words
 *
 * @typedef {Object} Turn One message and, for an assistant, the answers of the tools it called.
 * @property {number} n
 * @property {string} role
 * @property {"prompt"|"output"} side
 * @property {Block[]} blocks
 * @property {number} [item]
 *
 * @typedef {Object} Reason One reason a rejection can name.
 * @property {string} tag
 * @property {string} label
 *
 * @typedef {Object} ReaderData What the page gives the reader.
 * @property {string} token
 * @property {string} view
 * @property {number} total
 * @property {number} start
 * @property {string} boot
 * @property {string} reviewer
 * @property {string} targetTitle
 * @property {Object<string, string|string[]>} [keys]
 * @property {Reason[]} [reasons]
 * @property {string} [store]
 * @property {string} [base]
 * @property {string} [missing]
 * @property {string} [visit]
 * @property {string} [queue]
 *
 * @typedef {Object} Place Where the reader is: position in the view and key of the rollout.
 * @property {number} pos
 * @property {string} key
 *
 * @typedef {Object} ReaderResult What the reader tells the page: the last place it rested at, and the version of the decisions just saved.
 * @property {Place|null} at
 * @property {number|null} decided
 *
 * @typedef {Object} Decision A decision that stands; `id` is its number in the store, which the next one on the rollout names.
 * @property {number} id
 * @property {string} verdict
 * @property {string[]} reasons
 * @property {string} note
 * @property {string} reviewer
 * @property {string} at
 *
 * @typedef {Object} AnswerMark Who marked one answer as not to be trained, and when.
 * @property {number} id
 * @property {string} reviewer
 * @property {string} at
 *
 * @typedef {Object} Example The line as it is written; `later` when its text is asked for on its own, `skip` says why there is none.
 * @property {string} text
 * @property {string} line
 * @property {number} messages
 * @property {string} skip
 * @property {string[]} issues
 * @property {string[]} dropped
 * @property {number[]} [starts]
 * @property {boolean} [later]
 * @property {number} [bytes]
 * @property {string[]} [roles]
 * @property {boolean} [writesMarks]
 * @property {number[]} [untrained]
 * @property {Mark[]} [leftOut]
 * @property {Mark[]} [changed]
 *
 * @typedef {Object} ExampleText The text of an example: as it is written, laid out, and the line on which each message begins.
 * @property {string} line
 * @property {string} text
 * @property {number[]} starts
 *
 * @typedef {Object} Attempt What the header shows of a rollout; `pos` is null beside the queue. `blind`: the reward and more are left out. `where` is its file and line in full, `place` as short as tells the file from the others.
 * @property {number|null} pos
 * @property {number} row
 * @property {string} key
 * @property {string} where
 * @property {string} place
 * @property {number|string|null} reward
 * @property {string} rewardNote
 * @property {string[][]} components
 * @property {number[]} attempt
 * @property {string[][]} facts
 * @property {string[]} flags
 * @property {number} copies
 * @property {Decision|null} decision
 * @property {Object<string, AnswerMark>} marks
 * @property {boolean} [kept]
 * @property {string} [dropReason]
 * @property {boolean} [blind]
 *
 * @typedef {Object} Rollout Everything the reader shows of a rollout.
 * @property {number|null} pos
 * @property {number} row
 * @property {string} key
 * @property {string} where
 * @property {string} place
 * @property {number|string|null} reward
 * @property {string} rewardNote
 * @property {string[][]} components
 * @property {number[]} attempt
 * @property {string[][]} facts
 * @property {string[]} flags
 * @property {number} copies
 * @property {Decision|null} decision
 * @property {Object<string, AnswerMark>} marks
 * @property {boolean} [kept]
 * @property {string} [dropReason]
 * @property {boolean} [blind]
 * @property {Turn[]} turns
 * @property {Example} example
 * @property {number[]} markedInData
 *
 * @typedef {Object} Rollouts Rollouts of a view from a position on; `boot` is the run of the server, `total` the length of the view.
 * @property {string} boot
 * @property {number} total
 * @property {Rollout[]} rollouts
 *
 * @typedef {Object} OneRollout One rollout, in the view or not.
 * @property {string} boot
 * @property {Rollout} rollout
 *
 * @typedef {Object} Attempts The attempts of a task.
 * @property {Attempt[]} attempts
 *
 * @typedef {Object} Raw The line of a rollout, laid out, and what to say of it, empty for nothing.
 * @property {string} text
 * @property {string} note
 *
 * @typedef {Object} Places The positions of the keys that were sent, null for one that is not in the view.
 * @property {(number|null)[]} places
 *
 * @typedef {Object} Result What became of an entry: recorded, `refused` (and `elsewhere`: perhaps with other files), or a `conflict`.
 * @property {number} seq
 * @property {string|null} [key]
 * @property {number|null} [pos]
 * @property {number|null} [item]
 * @property {string} [where]
 * @property {Decision|null} [decision]
 * @property {Object<string, AnswerMark>} [marks]
 * @property {Decision|null} [conflict]
 * @property {number} [count]
 * @property {boolean} [nothing]
 * @property {string} [refused]
 * @property {boolean} [elsewhere]
 *
 * @typedef {Object} Recorded The answer to entries, once all of them are on disk; `version` is of the decisions.
 * @property {number} acked
 * @property {number} version
 * @property {string} boot
 * @property {Result[]} results
 *
 * @typedef {Object} KeysSent Keys whose positions in a view are asked for.
 * @property {string} view
 * @property {string[]} keys
 *
 * @typedef {Object} EntrySent One act; `expected` is the decision that the reviewer saw, `item` the first item of a marked answer.
 * @property {"decide"|"undo"|"redo"} kind
 * @property {number} seq
 * @property {string} reviewer
 * @property {string|null} key
 * @property {number|null} pos
 * @property {string|null} verdict
 * @property {string[]} reasons
 * @property {string} note
 * @property {number|null} expected
 * @property {number} [item]
 * @property {"read"|"compared"} [way]
 *
 * @typedef {Object} EntriesSent Acts in the order they were made, under the id of one page.
 * @property {string} view
 * @property {string} client
 * @property {EntrySent[]} entries
 */

export {};

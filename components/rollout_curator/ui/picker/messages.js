// What the page and the pickers tell each other: every message, key by key. `messages.py` says the same.
//
// For readers and editors alone: types in comments, `import("./messages.js").PickerData`.

/**
 * @typedef {Object} BoundsSaid The bounds that are set, null for none.
 * @property {number|null} atLeast
 * @property {number|null} atMost
 *
 * @typedef {Object} Counts So much of everything.
 * @property {number} rollouts
 * @property {number} tasks
 * @property {number} tokens
 *
 * @typedef {Object} StepsSaid What each stop of a handle keeps; `open` without the handle, `beyond` past its last stop.
 * @property {number[]} rollouts
 * @property {number[]} tasks
 * @property {number[]} tokens
 * @property {Counts} open
 * @property {Counts} beyond
 *
 * @typedef {Object} Bins The histogram; `first` is the place of the first bin on the grid, `perValue` says that a bin is one value.
 * @property {number[]} left
 * @property {number[]} right
 * @property {number[]} count
 * @property {number[]} always
 * @property {number} first
 * @property {boolean} perValue
 *
 * @typedef {Object} LevelsSaid The stops of the lower handle and what they keep; `always` are kept whatever the bounds.
 * @property {BoundsSaid} bounds
 * @property {Counts} kept
 * @property {number[]} stops
 * @property {boolean} isEvery
 * @property {StepsSaid} lower
 * @property {Bins} bins
 * @property {Counts} total
 * @property {number} missing
 * @property {number} infinite
 * @property {number} always
 *
 * @typedef {Object} BothLevelsSaid The stops of both handles.
 * @property {BoundsSaid} bounds
 * @property {Counts} kept
 * @property {number[]} stops
 * @property {boolean} isEvery
 * @property {StepsSaid} lower
 * @property {Bins} bins
 * @property {Counts} total
 * @property {number} missing
 * @property {number} infinite
 * @property {number} always
 * @property {StepsSaid} upper
 *
 * @typedef {Object} OutsideSaid Rollouts that have no place on the axis; `isPart` of some that are counted already.
 * @property {string} name
 * @property {string} words
 * @property {number} count
 * @property {boolean} isPart
 *
 * @typedef {Object} ThenSaid What follows the bounds: what those within them are said to do, how many are kept in the end, in words.
 * @property {string} passing
 * @property {number} count
 * @property {string} words
 *
 * @typedef {Object} PickerData What the picker is given; `heard` is the last choice that the server knows in this session.
 * @property {BoundsSaid} bounds
 * @property {Counts} kept
 * @property {number[]} stops
 * @property {boolean} isEvery
 * @property {StepsSaid} lower
 * @property {Bins} bins
 * @property {Counts} total
 * @property {number} missing
 * @property {number} infinite
 * @property {number} always
 * @property {StepsSaid} upper
 * @property {string} session
 * @property {number} heard
 * @property {string} title
 * @property {"number"|"boolean"} kind
 * @property {OutsideSaid[]} outside
 * @property {ThenSaid|null} then
 *
 * @typedef {Object} PanelSaid One small plot.
 * @property {BoundsSaid} bounds
 * @property {Counts} kept
 * @property {number[]} stops
 * @property {boolean} isEvery
 * @property {StepsSaid} lower
 * @property {Bins} bins
 * @property {Counts} total
 * @property {number} missing
 * @property {number} infinite
 * @property {number} always
 * @property {string} name
 * @property {string} note
 * @property {boolean} own
 *
 * @typedef {Object} PanelsData What the grid of small plots is given.
 * @property {string} session
 * @property {number} heard
 * @property {string} title
 * @property {boolean} oneAxis
 * @property {PanelSaid[]} panels
 *
 * @typedef {Object} PickerChoiceSaid What was done to the picker: bounds set, or a bar (low, high, closed) or an outside opened to be read.
 * @property {number} sequence
 * @property {string} axis
 * @property {BoundsSaid} [bounds]
 * @property {(number|boolean)[]|string} [opened]
 *
 * @typedef {Object} PanelChoiceSaid What was done to a small plot: its own bound set, null to follow the one for all, or opened to be read.
 * @property {number} sequence
 * @property {number} index
 * @property {string} name
 * @property {number|null} [atLeast]
 * @property {boolean} [opened]
 *
 * @typedef {Object} Choices Choices that the server has not heard of, oldest first.
 * @property {string} session
 * @property {(PickerChoiceSaid|PanelChoiceSaid)[]} waiting
 */

export {};

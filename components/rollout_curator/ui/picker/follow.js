// Brings everything that depends on the bounds up to date: the part that runs on each move.

import { keptBy, LOWER, MEASURES, room, sameBounds, UPPER } from "./counts.js";
import { Labels } from "./labels.js";
import { MARGIN, SHAPES } from "./look.js";
import { amount, count, lowerBound, reading, set, signed, whole } from "./numbers.js";

const SPEAK_AFTER_MS = 500;

export class Follow extends Labels {
  other() {
    return this.active === LOWER ? UPPER : LOWER;
  }

  follow() {
    const kept = keptBy(this.data, this.shown);
    const low = this.place(LOWER);
    const high = this.place(UPPER);
    const right = MARGIN.left + this.width + 3;
    const from = this.shown.atLeast === null ? 0 : Math.min(right, this.edge(LOWER, low));
    const to = this.shown.atMost === null ? right : Math.max(0, this.edge(UPPER, high));
    set(this.keptClip, { x: from.toFixed(2), width: Math.max(0, to - from).toFixed(2) });
    this.root.classList.toggle("counting", kept === null);
    this.label(kept, { atLeast: low, atMost: high });
    this.write(kept);
    this.writeNote();
    this.writeDifference(kept);
    this.describe(kept);
  }

  /** Put a handle on its value, or at the edge that is nearest to it; return the x of the value itself. */
  place(name) {
    const value = this.shown[name];
    const handle = this.handles[name];
    const isThere = name === LOWER || value !== null;
    handle.toggleAttribute("hidden", !isThere);
    this.readings[name].toggleAttribute("hidden", !isThere);
    if (!isThere) return null;
    const at = value === null ? MARGIN.left : this.scale.x(value);
    const inside = Math.min(MARGIN.left + this.width, Math.max(MARGIN.left, at));
    handle.setAttribute("transform", `translate(${inside.toFixed(2)} 0)`);
    handle.setAttribute("data-x", inside.toFixed(2));
    handle.classList.toggle("away", Math.abs(inside - at) > 0.5);
    this.read(name, inside, at);
    return at;
  }

  /** Write the value beside its grip: outward, or inward where there is no room. */
  read(name, x, at) {
    const words = this.readingOf(name, at);
    const { side } = SHAPES[name];
    const long = words.length * 7.6 + 16;
    const isOutward = side < 0 ? x - long > 2 : x + long < this.outer - 2;
    const way = isOutward ? side : -side;
    set(this.readings[name], { x: (x + way * (isOutward ? 17 : 8)).toFixed(2), "text-anchor": way < 0 ? "end" : "start" });
    this.readings[name].textContent = words;
  }

  readingOf(name, at) {
    const value = this.shown[name];
    if (value === null) return "no threshold";
    if (this.data.kind === "boolean") return value === (name === LOWER ? 1 : 0) ? `${this.words(value)} only` : "no or yes";
    const sign = name === LOWER ? "\u2265" : "\u2264";
    const words = `${sign} ${this.words(value)}`;
    if (at < MARGIN.left - 0.5) return `\u2190 ${words}`;
    return at > MARGIN.left + this.width + 0.5 ? `${words} \u2192` : words;
  }

  words(value) {
    if (this.data.kind === "boolean" && (value === 0 || value === 1)) return value === 1 ? "yes" : "no";
    return reading(this.data.stops, value);
  }

  /** Where the kept part begins or ends: beside the outermost kept bar, so that no bar is cut through its one value. */
  edge(name, x) {
    const { bins, stops } = this.data;
    if (!bins.perValue) return x;
    const value = this.shown[name];
    const side = name === LOWER ? -1 : 1;
    const at = lowerBound(stops, value);
    const i = name === UPPER && stops[at] !== value ? at - 1 : at;
    if (i < 0 || i >= stops.length) return x;
    const near = stops[i + side];
    const own = this.scale.x(stops[i]);
    const half = this.shownBars.length ? (this.shownBars[0].to - this.shownBars[0].from) / 2 : 0;
    const reach = near === undefined ? Infinity : Math.abs(this.scale.x(near) - own) / 2;
    return own + side * Math.min(half + 1, reach);
  }

  write(kept) {
    const { total, then } = this.data;
    for (const name of MEASURES) set(this.numbers, { [`data-${name}`]: kept && kept[name] });
    set(this.numbers, { "data-value": this.shown.atLeast ?? "", "data-at-most": this.shown.atMost ?? "" });
    const say = (part, strong, rest) => {
      part.strong.textContent = strong;
      part.rest.textContent = ` ${rest}`;
    };
    this.then.part.hidden = !then || kept === null || !sameBounds(this.shown, this.data.bounds);
    if (then) say(this.then, `\u2192 ${whole.format(then.count)}`, then.words);
    if (kept === null) {
      for (const name of MEASURES) say(this.written[name], "\u2026", name === "rollouts" ? "counting rollouts" : name);
      return;
    }
    say(this.written.rollouts, whole.format(kept.rollouts), this.fateOf(kept.rollouts));
    say(this.written.tasks, whole.format(kept.tasks), `of ${count(total.tasks, "task", "tasks")}`);
    say(this.written.tokens, amount(kept.tokens), kept.tokens === 1 ? "token" : "tokens");
    this.written.rollouts.part.title = `${whole.format(kept.rollouts)} of ${count(total.rollouts, "rollout", "rollouts")}`;
    this.written.tasks.part.title = `${count(total.tasks - kept.tasks, "task", "tasks")} lost entirely`;
    this.written.tokens.part.title = `${whole.format(kept.tokens)} of ${whole.format(total.tokens)} generated tokens`;
  }

  /** What becomes of those within the bounds: they are kept, unless something follows. */
  fateOf(n) {
    const words = this.data.then ? this.data.then.passing : "kept";
    return n === 1 ? words.replace(/^pass /, "passes ") : words;
  }

  writeNote() {
    const { missing, infinite, always, title } = this.data;
    const isOpen = this.shown.atLeast === null && this.shown.atMost === null;
    const fate = isOpen ? "kept (no threshold)" : "dropped";
    const notes = [];
    if (always) notes.push(`${whole.format(always)} not affected by this threshold (own threshold, or accepted in review)`);
    if (missing) notes.push(`${whole.format(missing)} without ${title.toLowerCase()}: ${fate}`);
    if (infinite) notes.push(`${count(infinite, "infinite value", "infinite values")} not shown`);
    this.note.textContent = notes.join(" \u00b7 ");
  }

  /** What this move changes: 0.8 → 0.7: +412 rollouts, +9 tasks, +61k tokens. */
  writeDifference(kept) {
    const { from } = this;
    this.difference.textContent = "";
    if (!from || sameBounds(from.bounds, this.shown)) return;
    if (kept === null) {
      this.difference.textContent = `${this.move(from.bounds)}: counting…`;
      return;
    }
    const by = (name) => signed(kept[name] - from.kept[name]);
    const changes = `${by("rollouts")} rollouts, ${by("tasks")} tasks, ${by("tokens")} tokens`;
    this.difference.textContent = `${this.move(from.bounds)}: ${changes}`;
  }

  move(before) {
    const isUsed = before.atMost !== null || this.shown.atMost !== null;
    const words = (name, value) => {
      if (value === null) return isUsed ? `no ${name === LOWER ? "min" : "max"}` : "no threshold";
      return isUsed ? `${name === LOWER ? "\u2265" : "\u2264"} ${this.words(value)}` : this.words(value);
    };
    const parts = [LOWER, UPPER].filter((name) => before[name] !== this.shown[name]);
    return parts.map((name) => `${words(name, before[name])} \u2192 ${words(name, this.shown[name])}`).join(", ");
  }

  /** Say it all in words, to the handles at once and to the live region when the moving has stopped. */
  describe(kept) {
    const { stops, total, title } = this.data;
    const counts = kept
      ? `${count(kept.rollouts, "rollout", "rollouts")} ${this.fateOf(kept.rollouts)}, ${whole.format(kept.tasks)} of ` +
        `${count(total.tasks, "task", "tasks")}, ${whole.format(total.tasks - kept.tasks)} lost entirely`
      : "counting";
    const where = (name) => {
      const value = this.shown[name];
      if (value === null) return name === LOWER ? "no threshold" : "no maximum";
      return `${this.words(value)} or ${name === LOWER ? "more" : "less"}`;
    };
    for (const name of [LOWER, UPPER]) {
      const { first, last } = room(stops, name, this.shown);
      const low = stops[first];
      const high = stops[last];
      const now = this.shown[name] ?? (name === LOWER ? low : high);
      set(this.handles[name], {
        "aria-label": `${title}: ${name === LOWER ? "minimum" : "maximum"}`,
        "aria-valuemin": Math.min(low, now),
        "aria-valuemax": Math.max(high, now),
        "aria-valuenow": now,
        "aria-valuetext": `${where(name)}: ${counts}`,
      });
    }
    this.buttons.upper.textContent = this.shown.atMost === null ? "Add max" : "Remove max";
    const bounds = [LOWER, UPPER].filter((name) => name === LOWER || this.shown[name] !== null).map(where).join(", ");
    const tokens = kept ? `, ${whole.format(kept.tokens)} generated tokens` : "";
    this.speak(`${bounds}: ${counts}${tokens}`);
  }

  speak(words) {
    clearTimeout(this.speakTimer);
    this.speakTimer = setTimeout(() => {
      if (this.spoken.textContent !== words) this.spoken.textContent = words;
    }, SPEAK_AFTER_MS);
  }
}

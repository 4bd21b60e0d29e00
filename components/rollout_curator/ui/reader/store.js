// What the browser holds between two answers of the server: rollouts to come, decisions to save.
// A decision leaves the browser's storage only when the server says that it is on disk, or why it never will be.

const KEEP_CHARS = 24e6;
// So much is held ahead that a reader at full speed does not notice some seconds without a server.
const AHEAD = { count: 240, chars: 6e6 };
const NEAR = 12;
const BEHIND = 8;
const OUTBOX = "rollout-curator.outbox.";
// So much travels in one request: less than the server takes, also where a character takes three bytes there.
const TRAVELS = { count: 200, chars: 250e3, lastChars: 20e3 };
// Statuses of a request that will never be taken as it is, however often it is sent.
const UNFIT = [400, 413, 415, 422];

/** Return an id no other outbox has: sequence numbers begin at 1 under it, so it is never used again. */
export function freshId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Ask the server; every failure becomes an Error with a `status`. */
export async function ask(path, token, options = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 15000);
  try {
    const headers = { "X-Curator-Token": token, ...(options.body ? { "Content-Type": "application/json" } : {}) };
    const answer = await fetch(path, { ...options, headers, signal: stop.signal, cache: "no-store" });
    if (answer.ok) return await answer.json();
    const error = new Error(await refusal(answer));
    Object.assign(error, { status: answer.status });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Send JSON and return the answer. */
export function post(path, source, value, options = {}) {
  return ask(source.base + path, source.token, { method: "POST", body: JSON.stringify(value), ...options });
}

/** Return the server's own words for a refusal, or its number. */
async function refusal(answer) {
  const text = (await answer.text()).slice(0, 300);
  try { return JSON.parse(text).error || `server error ${answer.status}`; } catch { return `server error ${answer.status}`; }
}

/** Return what an act is about: a rollout, or one answer of it. */
function subject({ key, item }) {
  return typeof item === "number" ? `${key} ${item}` : key;
}

/** Return about how many characters a rollout holds. */
function rolloutChars(rollout) {
  const example = rollout.example || {};
  return rollout.turns.reduce((sum, turn) => sum + turn.blocks.reduce((n, b) => n + b.text.length, 60), 500) +
    2 * ((example.text || "").length + (example.line || "").length);
}

/**
 * Rollouts by position, fetched around the reader and forgotten by size, oldest first.
 *
 * `held` maps positions to `{ rollout, chars, at }` with `import("./messages.js").Rollout`.
 */
export class Shelf {
  constructor(arrived, failed) { Object.assign(this, { arrived, failed }); this.reset(""); }

  reset(view) {
    Object.assign(this, { view, held: new Map(), chars: 0, fetching: new Set(), round: (this.round || 0) + 1, retry: 0, paused: false });
  }

  /** Ask for nothing and hear no answers until the next reset. */
  pause() { Object.assign(this, { paused: true, round: this.round + 1, fetching: new Set() }); }

  get(pos) {
    const entry = this.held.get(pos);
    if (!entry) return null;
    this.held.delete(pos);
    this.held.set(pos, entry);
    return entry.rollout;
  }

  /** Return how many rollouts in a row are held after a position. */
  ahead(pos) {
    let n = 0;
    while (this.held.has(pos + n + 1)) n += 1;
    return n;
  }

  /** Move what is held to the places it has in a new view; what has none there is forgotten. */
  renumber(view, placeOf) {
    const held = [...this.held.values()];
    this.reset(view);
    for (const { rollout } of held) {
      const place = placeOf.get(rollout.key);
      if (typeof place === "number") this.put(Object.assign(rollout, { pos: place }));
    }
  }

  put(rollout) {
    this.drop(rollout.pos);
    const chars = rolloutChars(rollout);
    this.held.set(rollout.pos, { rollout, chars, at: Date.now() });
    this.chars += chars;
  }

  drop(pos) { const entry = this.held.get(pos); if (entry) { this.held.delete(pos); this.chars -= entry.chars; } }

  /** Fetch what is missing around a position: the rollout itself, then ahead, then behind. */
  want(pos, total, source) {
    if (total <= 0 || this.paused) return;
    if (!this.held.has(pos)) { this.fetch(pos, this.fetching.size ? 1 : 3, source, pos); return; }
    if (this.fetching.size) return;
    let chars = 0;
    for (let at = pos + 1; at <= Math.min(total - 1, pos + AHEAD.count); at += 1) {
      if (at === pos + NEAR && this.wantBehind(pos, source)) return;
      const entry = this.held.get(at);
      if (!entry) { this.fetch(at, Math.min(at - pos <= NEAR ? 8 : 40, total - at), source, pos); return; }
      chars += entry.chars;
      if (chars > AHEAD.chars && at > pos + 1) break;
    }
    this.wantBehind(pos, source);
  }

  wantBehind(pos, source) {
    for (let at = pos - 1; at >= Math.max(0, pos - BEHIND); at -= 1) {
      if (this.held.has(at)) continue;
      const from = Math.max(0, at - BEHIND + 1);
      this.fetch(from, at - from + 1, source, pos);
      return true;
    }
    return false;
  }

  async fetch(from, n, source, here) {
    if (this.paused || this.fetching.has(from)) return;
    const round = this.round;
    this.fetching.add(from);
    try {
      const query = new URLSearchParams({ view: this.view, from, n });
      const answer = await ask(`${source.base}/api/rollouts?${query}`, source.token);
      if (round !== this.round) return;
      this.fetching.delete(from);
      this.retry = 0;
      for (const rollout of answer.rollouts) this.put(rollout);
      this.forget(here);
      this.arrived(answer, from);
    } catch (error) {
      if (round !== this.round) return;
      this.fetching.delete(from);
      this.retry = Math.min(8000, (this.retry || 400) * 2);
      this.failed(error, from, this.retry);
    }
  }

  forget(here) {
    for (const [pos, entry] of this.held) {
      if (this.chars <= KEEP_CHARS) return;
      if (Math.abs(pos - here) <= 1) continue;
      this.held.delete(pos);
      this.chars -= entry.chars;
    }
  }
}

/**
 * Decisions on their way to the server, in the order they were made, under one client id.
 * What the server refuses leaves the queue; a decision on a rollout of other files is laid `aside` until those are open.
 */
export class Outbox {
  constructor(client, store, tell) {
    Object.assign(this, { client, store, tell, queue: [], aside: [], seq: 0, sending: false, wait: 0, ids: new Map(), storable: true, most: TRAVELS.count });
  }

  get place() { return `${OUTBOX}${this.store}.${this.client}`; }

  add(entry) {
    const follows = this.queue.some((before) => before.kind !== "decide" || subject(before) === subject(entry));
    this.queue.push({ seq: (this.seq += 1), ...entry, follows });
    this.keep();
    this.flush();
    return this.seq;
  }

  /** Write the waiting entries to the browser's storage; of another page's, only take away. */
  keep() {
    try {
      if (this.adopted) {
        const waiting = new Set([...this.aside, ...this.queue].map((entry) => entry.seq));
        const stored = JSON.parse(localStorage.getItem(this.place) || "[]");
        const left = stored.filter((entry) => waiting.has(entry.seq) || entry.seq > this.seq);
        if (left.length) localStorage.setItem(this.place, JSON.stringify(left));
        else localStorage.removeItem(this.place);
        return;
      }
      const left = [...this.aside, ...this.queue];
      if (left.length) localStorage.setItem(this.place, JSON.stringify(left));
      else localStorage.removeItem(this.place);
      this.storable = true;
    } catch { this.storable = false; }
  }

  /** Return the first entries that can travel together: none may depend on another's answer, all fit one request. */
  batch(chars = TRAVELS.chars) {
    const keys = new Set(), chosen = [];
    let turned = false, left = chars;
    for (const entry of this.queue.slice(0, this.most)) {
      left -= JSON.stringify(entry).length;
      if (left < 0 && chosen.length) break;
      if (entry.kind === "decide") {
        const about = subject(entry);
        if (turned || keys.has(about)) break;
        keys.add(about);
        if (entry.follows && !entry.sent && this.ids.has(about)) entry.expected = this.ids.get(about);
      } else turned = true;
      chosen.push(entry);
    }
    return chosen;
  }

  async flush() {
    if (this.sending || !this.queue.length || !this.source || this.mustWait?.()) return;
    this.sending = true;
    clearTimeout(this.timer);
    const entries = this.batch();
    for (const entry of entries) entry.sent = true;
    this.tell("saving", this);
    try {
      const answer = await this.post(entries, false);
      this.wait = 0;
      this.most = Math.min(TRAVELS.count, this.most * 2);
      const elsewhere = new Set(answer.results.filter((result) => result.elsewhere).map((result) => result.seq));
      const heard = new Set(answer.results.map((result) => result.seq));
      this.aside.push(...entries.filter((entry) => elsewhere.has(entry.seq)));
      this.queue = this.queue.filter((entry) => !heard.has(entry.seq));
      for (const result of answer.results) {
        const holds = typeof result.item === "number" ? (result.marks || {})[result.item] : result.decision;
        if (result.conflict || result.refused) this.ids.delete(subject(result));
        else if (result.key) this.ids.set(subject(result), holds ? holds.id : null);
      }
      this.keep();
      this.sending = false;
      this.tell("acked", this, answer, entries);
      if (!heard.has(entries[0].seq)) throw new Error("the server saved none of them");
      this.flush();
    } catch (error) {
      this.sending = false;
      if (UNFIT.includes(error.status) || error.name === "AbortError") this.most = Math.max(1, Math.floor(entries.length / 2));
      if (UNFIT.includes(error.status)) return this.unfit(entries, error);
      this.wait = Math.min(8000, Math.max(500, this.wait * 2));
      this.timer = setTimeout(() => this.flush(), this.wait);
      this.tell("failed", this, error);
    }
  }

  /** Send in smaller parts what the server does not take at once; one that it does not take alone waits aside. */
  unfit(entries, error) {
    if (entries.length === 1) {
      this.queue = this.queue.filter((entry) => entry !== entries[0]);
      this.aside.push(entries[0]);
      this.keep();
      this.tell("unfit", this, error, entries);
    }
    this.flush();
  }

  post(entries, keepalive) {
    const plain = entries.map(({ sent, follows, ...entry }) => entry);
    return post("/api/decisions", this.source, { view: this.source.view, client: this.client, entries: plain }, { keepalive });
  }

  /** Try once more while the page goes away; what fails stays in the browser's storage. */
  lastTry() {
    if (this.queue.length && this.source) this.post(this.batch(TRAVELS.lastChars), true).catch(() => {});
  }
}

/** Return the outboxes that earlier pages and other windows of this browser left behind. */
export function leftBehind(store, tell) {
  const prefix = `${OUTBOX}${store}.`;
  let places = [];
  try { places = Object.keys(localStorage).filter((place) => place.startsWith(prefix)); } catch { /* no storage, nothing left */ }
  const found = [];
  for (const place of places) {
    const queue = storedQueue(place);
    if (!queue.length) continue;
    const outbox = new Outbox(place.slice(prefix.length), store, tell);
    found.push(Object.assign(outbox, { queue, adopted: true, seq: queue[queue.length - 1].seq }));
  }
  return found;
}

/** Return what waits under a name of the browser's storage; what is no decision cannot be sent and is passed over. */
function storedQueue(place) {
  try {
    const stored = JSON.parse(localStorage.getItem(place));
    return Array.isArray(stored) ? stored.filter((entry) => entry && Number.isSafeInteger(entry.seq)) : [];
  } catch { return []; }
}

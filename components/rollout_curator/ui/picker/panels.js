// Many small plots in one grid, on one axis or on one each.
//
// Streamlit calls the default export on every change of data; panels are kept and updated in place. Text is set
// through textContent only.

import { html, mountOf, Outbox } from "./numbers.js";
import { SmallPlot } from "./panel.js";

const SPEAK_AFTER_MS = 500;

class Grid {
  constructor(parent) {
    this.outbox = new Outbox();
    this.root = html("div", { class: "panels", "data-testid": "threshold-panels" }, parent);
    this.title = html("div", { class: "title" }, this.root);
    this.list = html("div", { class: "grid" }, this.root);
    this.spoken = html("output", { class: "spoken", "aria-live": "polite" }, this.root);
    this.plots = [];
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.list);
  }

  update(data) {
    this.data = data;
    this.outbox.hear(data);
    this.title.textContent = data.title;
    this.title.hidden = !data.title;
    const names = JSON.stringify(data.panels.map((panel) => panel.name));
    if (names !== this.names) this.renew(data.panels.length);
    this.names = names;
    const isWaiting = (index) => this.outbox.waiting.some((choice) => choice.index === index && !choice.opened);
    this.plots.forEach((plot, i) => plot.update(data.panels[i], !isWaiting(i)));
    this.draw();
  }

  renew(n) {
    for (const plot of this.plots) plot.close();
    const send = (index) => (choice) => this.outbox.add({ index, ...choice });
    const speak = (words) => this.speak(words);
    this.plots = Array.from({ length: n }, (_, index) => new SmallPlot(this.list, send(index), speak));
  }

  /** One axis for all that reaches from the lowest to the highest, or none: then each has its own. */
  domain() {
    const own = this.plots.map((plot) => plot.domain()).filter((domain) => domain !== null);
    if (!this.data.oneAxis || !own.length) return null;
    return { low: Math.min(...own.map((one) => one.low)), high: Math.max(...own.map((one) => one.high)) };
  }

  draw() {
    if (!this.data) return;
    const domain = this.domain();
    for (const plot of this.plots) plot.draw(domain);
  }

  speak(words) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.spoken.textContent = words;
    }, SPEAK_AFTER_MS);
  }

  close() {
    clearTimeout(this.timer);
    this.watcher.disconnect();
    for (const plot of this.plots) plot.close();
    this.root.remove();
  }
}

/** @type {(component: {parentElement: Element, data: import("./messages.js").PanelsData, setStateValue: Function}) => () => void} */
export default mountOf(Grid);

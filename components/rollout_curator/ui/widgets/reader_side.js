// The pane beside the conversation: the example as it will be written, or the raw line.

/** Draw the example or the raw line, after the conversation when it is long. */
function side(s) {
  const rollout = s.shelf.get(s.pos);
  const tab = s.wide && s.preferences.tab === "conversation" ? "example" : s.preferences.tab;
  if (!rollout || tab === "conversation") return;
  const wanted = `${s.data.view} ${rollout.pos} ${rollout.key} ${tab} ${s.oneLine}`;
  if (s.sideFor === wanted) return;
  s.sideFor = wanted;
  const drawIt = () => {
    if (s.sideFor !== wanted) return;
    s.ui.side.scrollTop = 0;
    if (tab === "raw") rawPane(s, rollout, wanted);
    else examplePane(s, rollout);
  };
  const long = ((rollout.example || {}).text || "").length > 12000;
  if (tab === "example" && !long) return drawIt();
  s.ui.side.replaceChildren();
  requestAnimationFrame(() => setTimeout(drawIt, 0));
}

function examplePane(s, rollout) {
  const example = rollout.example || {};
  const parts = [];
  const list = (title, lines, kind) => {
    if (!lines || !lines.length) return;
    const rows = lines.map((line) => { const row = h("li"); appendVisible(row, String(line)); return row; });
    parts.push(h("div", { class: `remarks ${kind}` }, h("div", { class: "label" }, title), h("ul", {}, ...rows)));
  };
  if (example.skip) {
    const why = h("p", {});
    appendVisible(why, example.skip);
    parts.push(h("div", { class: "remarks skip" }, h("div", { class: "label" }, "no example is written"), why));
  }
  list("changed on the way", example.issues, "issues");
  list("left out", example.dropped, "dropped");
  if (!example.skip && example.text) {
    const shown = h("div", { class: "json mono" });
    if (s.oneLine) { shown.classList.add("one-line"); shown.append(textBox(example.line || "", true)); } else fillJson(shown, example.text);
    const turnOver = () => { s.oneLine = !s.oneLine; side(s); };
    const line = h("button", { class: "small", type: "button", "aria-pressed": String(!!s.oneLine), onclick: turnOver }, "one line");
    const copy = h("button", { class: "small", type: "button", onclick: () => copyWith(s, example.line || example.text, copy) }, "copy line");
    const bytes = new TextEncoder().encode(example.line || example.text).length;
    parts.push(h("div", { class: "side-tools" }, h("span", { class: "quiet" }, `${rollout.kept ? "exactly as written" : "dropped; accepted, it would be written as"}, ${counted(bytes, "byte")}`), line, copy), shown);
  }
  s.ui.side.replaceChildren(...parts);
}

async function rawPane(s, rollout, wanted) {
  s.ui.side.replaceChildren(h("div", { class: "quiet pad" }, "loading the line\u2026"));
  let pane;
  try {
    if (rollout.raw === undefined) {
      const query = new URLSearchParams({ view: s.data.view, pos: rollout.pos });
      rollout.raw = (await ask(`${s.source.base}/api/raw?${query}`, s.source.token)).text;
    }
    const shown = h("div", { class: "json mono" });
    fillJson(shown, rollout.raw);
    const copy = h("button", { class: "small", type: "button", onclick: () => copyWith(s, rollout.raw, copy) }, "copy");
    const where = h("span", { class: "quiet" });
    appendVisible(where, rollout.where);
    pane = [h("div", { class: "side-tools" }, where, copy), shown];
  } catch (error) {
    pane = [h("div", { class: "remarks skip" }, `The line could not be loaded: ${error.message}. `,
      h("button", { class: "small", type: "button", onclick: () => { s.sideFor = null; side(s); } }, "try again"))];
  }
  if (s.sideFor === wanted) s.ui.side.replaceChildren(...pane);
}

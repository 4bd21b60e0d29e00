// Draws pieces of text with a head each. Text from data is set as text and never as markup.

const LONG = 20000;

export default function (component) {
  const root = component.parentElement.querySelector('.rc-rendered');
  const drawn = JSON.stringify(component.data.pieces);
  if (root.rcDrawn === drawn) return; // a rerun of the page keeps the place that is being read
  root.rcDrawn = drawn;
  root.scrollTop = 0;
  root.replaceChildren(...component.data.pieces.map(draw));
}

const WORDS = { trained: 'trained', ignored: 'not trained', unknown: '' };

function draw(piece) {
  const isKnown = piece.trained !== null && piece.trained !== undefined;
  const kind = isKnown ? (piece.trained ? 'trained' : 'ignored') : 'unknown';
  const block = element('div', `rc-piece rc-${kind}`);
  block.setAttribute('role', 'listitem');
  const head = element('div', 'rc-head');
  head.append(element('span', 'rc-word', WORDS[kind]), element('span', 'rc-whose', piece.head));
  block.append(head, body(piece.text));
  return block;
}

// The text line by line, so that a line break shows; a long one is shown in part until asked for.
function body(text) {
  const block = element('pre', 'rc-text');
  const fill = (shown) => {
    const lines = shown.split('\n');
    block.replaceChildren();
    lines.forEach((line, n) => {
      block.append(line);
      if (n < lines.length - 1) block.append(element('span', 'rc-break', '\u21b5'), '\n');
    });
  };
  if (text.length <= LONG) {
    fill(text);
    return block;
  }
  fill(text.slice(0, LONG));
  const more = element('button', 'rc-more', `Show ${(text.length - LONG).toLocaleString('en')} more characters`);
  more.addEventListener('click', () => {
    fill(text);
    more.remove();
  });
  const both = element('div', '');
  both.append(block, more);
  return both;
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

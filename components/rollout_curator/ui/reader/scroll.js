// Scrolling: a pane moves under what it shows, never the page around it, as `scrollIntoView` would.

/** Bring an element of a pane into view: to its start, its middle, or by as little as is needed (nearest). */
export function bring(pane, element, block = "start") {
  const inside = pane.getBoundingClientRect(), shown = element.getBoundingClientRect();
  const margin = parseFloat(getComputedStyle(element).scrollMarginTop) || 0;
  const above = shown.top - inside.top - pane.clientTop - margin;
  const below = shown.bottom - inside.top - pane.clientTop - pane.clientHeight;
  if (block === "center") pane.scrollTop += (above + below) / 2;
  else if (block === "start" || above < 0) pane.scrollTop += above;
  else if (below > 0) pane.scrollTop += below;
}

/** Return the part of the page that scrolls around an element. */
export function scrollerAround(element) {
  let up = element;
  while (up.parentElement && up.parentElement !== document.body) {
    up = up.parentElement;
    if (/auto|scroll/.test(getComputedStyle(up).overflowY)) break;
  }
  return up;
}

/** Bring the page around the reader to its top, where the queue and the header of the rollout stand. */
export function pageToTop(s) {
  const { root } = s.ui;
  scrollerAround(root.getRootNode().host || root).scrollTop = 0;
}

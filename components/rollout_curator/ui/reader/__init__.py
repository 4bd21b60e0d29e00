"""The reading pane of the Review page: a component of plain ES modules, `main.js` first."""

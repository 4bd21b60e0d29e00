"""The reading pane: what it is sent, what it sends back, and the component in the browser."""

"""The threshold picker: what it is sent, and the component in the browser."""

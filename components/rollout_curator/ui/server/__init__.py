"""The server: who is let in, what every request passes, what every answer carries."""

"""What one browser tab has chosen, and what is counted from it."""

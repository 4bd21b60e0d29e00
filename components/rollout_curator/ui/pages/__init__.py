"""One page(workspace) function for each screen."""

"""The threshold picker and the grid of small ones: components of plain ES modules without a build step."""

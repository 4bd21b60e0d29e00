"""Components v2: the reader and the threshold picker, plain ES modules without a build step."""

"""What the sandbox tells about: pure functions of a seed, an index and a moment."""

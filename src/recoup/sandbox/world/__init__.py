"""The world behind the sandbox: pure functions of a seed, an index and a moment."""

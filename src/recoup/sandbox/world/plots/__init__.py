"""One file per family of claims: the events of a real one, and of each look-alike."""

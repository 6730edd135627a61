"""One file per family of claims: what happens in a real one, and in each look-alike."""

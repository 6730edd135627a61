"""Lists of a seller's rows: which tables can be listed, and how to read a page."""

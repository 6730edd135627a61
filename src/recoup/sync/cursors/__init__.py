"""Cursors: how far each stream of a connection has been read, and what comes next."""

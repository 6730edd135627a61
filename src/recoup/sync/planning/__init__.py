"""Planning: the source of each window, the order of reading, and the time it takes."""

"""Loading of a page or a file into a stream's tables, with the rows that could not be read."""

"""The life of a report, from the intent to the rows."""

"""Data that Amazon does not provide: refused, not available, ignored."""

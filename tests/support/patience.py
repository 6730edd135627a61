"""How long a test waits for what must come: a guard against what hangs, and no promise."""

PATIENCE = 180.0
"""Seconds. A busy machine takes ten times as long as an idle one."""

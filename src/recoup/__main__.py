"""`python -m recoup` is `recoup`."""

from recoup.cli.main import run

run()

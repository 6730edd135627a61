"""The program on a database of its own, as in the tests of the command line."""

from tests.cli.conftest import recoup

__all__ = ["recoup"]

"""Laws of reading a report's file: whatever is well written is read as it was."""

from __future__ import annotations

import csv
import io

from hypothesis import given, strategies as st

from recoup.spapi.documents import spool_of
from recoup.sync.loading.file_text import ReportText

# A line break in the first cell and another in the last make lines that look like rows.
CELL = st.text(st.sampled_from("ab \"\t,'-"), max_size=6)
TITLE = st.text(st.sampled_from('ab "\t,\n'), max_size=8)
ROWS = st.lists(st.tuples(CELL, TITLE, CELL, CELL).map(list), min_size=1, max_size=8)


def read(content: str, *, exact: bool) -> list[list[str]]:
    """The rows that PostgreSQL would get."""
    with spool_of(content.encode(), "text/plain; charset=utf-8", is_compressed=False) as spool:
        text = ReportText(spool, "utf-8", lenient=False)
        read = b"".join(text.pieces(exact=exact)).decode()
        assert not text.tally.ragged
        return list(csv.reader(io.StringIO(read, newline=""), delimiter=text.delimiter))


@given(rows=ROWS, exact=st.booleans())
def test_a_well_quoted_file_is_read_as_it_was_written(rows: list[list[str]], exact: bool) -> None:
    """Tabs, quotes and line breaks within cells stay where they are, read exactly or not."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["h1", "h2", "h3", "h4"], *rows])

    assert read(file.getvalue(), exact=exact) == rows


@given(
    titles=st.lists(st.text(st.sampled_from('ab "'), max_size=6), min_size=1, max_size=8),
    exact=st.booleans(),
)
def test_quotes_of_a_file_that_does_not_double_them_are_letters(
    titles: list[str], exact: bool
) -> None:
    """Each line is a row, whatever quotes stand in its title."""
    lines = ['"h1"\t"h2"\t"h3"', *(f'"x{n}"\t"a{title}b"\t"y"' for n, title in enumerate(titles))]

    found = read("\n".join(lines) + "\n", exact=exact)

    assert [row[0] for row in found] == [f"x{n}" for n in range(len(titles))]
    assert [row[2] for row in found] == ["y"] * len(titles)

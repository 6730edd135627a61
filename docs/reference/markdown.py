"""What all generated pages share."""

from __future__ import annotations

from collections.abc import Iterable

NOTICE = "<!-- Generated: change the code, then run `make reference`. -->"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table, each line ended."""
    lines = [header, ("---",) * len(header), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def page(title: str, introduction: str, *sections: str) -> str:
    """A whole page; each section ends with a newline."""
    return "\n".join([f"# {title}", "", NOTICE, "", introduction, "", *sections])

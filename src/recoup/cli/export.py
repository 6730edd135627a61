"""`recoup export`: a workspace's tables as files, for pandas, DuckDB, a spreadsheet."""

from __future__ import annotations

import asyncio
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.choice import UserOption, read_workspace
from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.output import JsonOption, align, show
from recoup.cli.storage import fitting_database

if TYPE_CHECKING:
    from recoup.export.write import ExportedFile
    from recoup.ids import WorkspaceId


class _Format(enum.StrEnum):
    PARQUET = "parquet"
    CSV = "csv"


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder to write to; created if missing.")
    ],
    *,
    form: Annotated[
        _Format, typer.Option("--format", help="Typed columns (parquet) or text (csv).")
    ] = _Format.PARQUET,
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", metavar="NAME", help="Table to write; can be repeated. Unset: all tables."
        ),
    ] = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write tables as files, one per table, as of one moment. Secrets are left out."""
    with fitting_database(enter()) as url:
        files = _write(url, asyncio.run(read_workspace(url, user)), folder, _Format(form), table)
    rows = [
        (one.table, one.rows, one.size_bytes, round(one.rows / max(one.seconds, 0.001)))
        for one in files
    ]
    show(
        [
            {"table": one.table, "path": str(one.path), "rows": one.rows, "bytes": one.size_bytes}
            for one in files
        ],
        as_json=as_json,
        lines=align(("table", "rows", "bytes", "rows/s"), rows),
    )


def _write(
    url: str, workspace_id: WorkspaceId, folder: Path, form: _Format, named: list[str] | None
) -> list[ExportedFile]:
    from recoup.db.copy_out import snapshot
    from recoup.export.export_queries import exported_tables
    from recoup.export.write import ExportForm, write_table

    tables = exported_tables()
    if unknown := sorted(set(named or ()) - set(tables)):
        raise CommandError(f"There is no table {unknown[0]}; there are {', '.join(tables)}.")
    folder.mkdir(parents=True, exist_ok=True)
    with snapshot(url, workspace_id) as source:
        return [
            write_table(source, tables[name], folder, ExportForm(form)) for name in named or tables
        ]

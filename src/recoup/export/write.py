"""Writes tables as Parquet or CSV, one piece in memory, however long they are."""

from __future__ import annotations

import enum
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped] # pyarrow ships no types
import pyarrow.csv  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, Integer, Numeric, Table

from recoup.db.copy_out import DatabaseSnapshot
from recoup.export.export_queries import (
    decimal_columns,
    exported_columns,
    rows_query,
    scales_query,
)

_BLOCK_BYTES = 4 * 2**20
_MOST_DIGITS = 38
_LEAST_SCALE = 2


class ExportForm(enum.StrEnum):
    """PARQUET: typed columns, for pandas, DuckDB and the like. CSV: text, for anything."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """What was written, and in how many seconds."""

    table: str
    path: Path
    rows: int
    size_bytes: int
    seconds: float


def write_table(
    source: DatabaseSnapshot, table: Table, folder: Path, form: ExportForm
) -> ExportedFile:
    """One file of a table. It has its name only once it is complete. Raises OSError."""
    began = time.monotonic()
    path = folder / f"{table.name}.{form}"
    draft = path.with_suffix(f".{form}.part")
    try:
        write = _write_parquet if form is ExportForm.PARQUET else _write_csv
        rows = write(source, table, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    seconds = time.monotonic() - began
    return ExportedFile(table.name, path, rows, path.stat().st_size, seconds)


def _write_csv(source: DatabaseSnapshot, table: Table, path: Path) -> int:
    """As PostgreSQL writes it."""
    query = rows_query(table)
    with path.open("wb") as file:
        for piece in source.copy_csv(query):
            file.write(piece)
    return source.rows_copied


def _write_parquet(source: DatabaseSnapshot, table: Table, path: Path) -> int:
    schema = _schema(source, table)
    pieces = _Pieces(source.copy_csv(rows_query(table)))
    reader = pyarrow.csv.open_csv(
        pieces,
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=schema,
            true_values=["t"],
            false_values=["f"],
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    rows = 0
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch.cast(schema))
            rows += batch.num_rows
    return rows


def _schema(source: DatabaseSnapshot, table: Table) -> pa.Schema:
    scales = _scales(source, table)
    return pa.schema(
        [
            pa.field(
                column.name,
                _type_of(column, scales.get(column.name, _LEAST_SCALE)),
                metadata={"comment": column.comment or ""},
            )
            for column in exported_columns(table)
        ],
        metadata={"comment": table.comment or ""},
    )


def _scales(source: DatabaseSnapshot, table: Table) -> dict[str, int]:
    """As many decimals as the longest value of a column has: none is rounded."""
    query = scales_query(table)
    if query is None:
        return {}
    found: Sequence[object] = source.read_row(query)
    pairs = zip(decimal_columns(table), found, strict=True)
    return {one.name: max(_LEAST_SCALE, int(str(most or 0))) for one, most in pairs}


def _type_of(column: Column[object], scale: int) -> pa.DataType:
    """What has no type in Parquet, such as JSON, is a text."""
    match column.type:
        case Double():
            return pa.float64()
        case Numeric():
            return pa.decimal128(_MOST_DIGITS, scale)
        case BigInteger():
            return pa.int64()
        case Integer():
            return pa.int32()
        case Boolean():
            return pa.bool_()
        case Date():
            return pa.date32()
        case DateTime():
            return pa.timestamp("us", tz="UTC")
    return pa.string()


class _Pieces(io.RawIOBase):
    """The pieces of a COPY as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, and as many as there are: fewer mean the end."""
        parts = [self._left]
        length = len(self._left)
        while size < 0 or length < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece)
            length += len(piece)
        found = b"".join(parts)
        cut = len(found) if size < 0 else size
        self._left = found[cut:]
        return found[:cut]

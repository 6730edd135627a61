"""A ledger's file into PostgreSQL as other tools do it. Run by beside_ledger.py, in a virtual
environment that has these tools and not recoup.

Arguments: the tool, the database's URL, the file. Prints seconds, rows and peak memory as JSON.
Each writes typed columns of a table of its own, without key, index or check.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

_CHUNK = 20_000
_NUMBERS = ("Quantity", "Reconciled Quantity", "Unreconciled Quantity")


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The lines as dicts, with days and numbers."""
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            typed: dict[str, Any] = dict(row)
            typed["Date"] = _day(row["Date"])
            for name in _NUMBERS:
                typed[name] = int(row[name]) if row[name] else None
            yield typed


def _day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no zone


def with_pandas(url: str, path: Path) -> int:
    """read_csv by chunks, to_sql with its defaults."""
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
    import sqlalchemy

    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1))
    count = 0
    with pd.read_csv(path, sep="\t", dtype=str, chunksize=_CHUNK, keep_default_na=False) as chunks:
        for chunk in chunks:
            chunk["Date"] = pd.to_datetime(chunk["Date"], format="%m/%d/%Y").dt.date
            for name in _NUMBERS:
                chunk[name] = pd.to_numeric(chunk[name]).astype("Int64")
            chunk.to_sql("pandas_ledger", engine, if_exists="append", index=False)
            count += len(chunk)
    return count


def with_dlt(url: str, path: Path) -> int:
    """A resource of dicts, appended; files of CSV, which it loads with COPY."""
    import dlt  # type: ignore[import-not-found,import-untyped,unused-ignore]

    @dlt.resource(name="dlt_ledger", write_disposition="append")  # type: ignore[untyped-decorator,misc,unused-ignore]
    def ledger() -> Iterator[list[dict[str, Any]]]:
        source = rows(path)
        while chunk := list(islice(source, _CHUNK)):
            yield chunk

    address = urlsplit(url)
    credentials = {
        "database": address.path.strip("/"),
        "username": address.username,
        "password": "none",
        "host": quote(parse_qs(address.query)["host"][0], safe=""),
    }
    pipeline = dlt.pipeline(
        "ledger",
        pipelines_dir=str(path.parent / "dlt"),
        destination=dlt.destinations.postgres(credentials=credentials),
        dataset_name="peers",
    )
    pipeline.run(ledger(), loader_file_format="csv")
    with pipeline.sql_client() as client:
        return int(client.execute_sql("select count(*) from dlt_ledger")[0][0])


def main() -> None:
    tool, url, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DO_NOT_TRACK": "1"}
    began = time.monotonic()
    count = {"pandas": with_pandas, "dlt": with_dlt}[tool](url, path)
    seconds = time.monotonic() - began
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps({"seconds": seconds, "rows": count, "peak_mb": peak * 1024 / 1e6}))


if __name__ == "__main__":
    main()

"""`recoup check`: from files on a disk to claims, without an account, and nothing left of it afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.cli.programs import Recoup, processes_of
from tests.support.hand_files import SHAPES, by_hand, world_of

NEEDED = {"ledger": "de", "ledger_summary": "fr", "reimbursements": "es", "returns": "ja"}
TODAY = datetime.now(UTC).date()
DAYS = ("--from", str(TODAY - timedelta(days=365)), "--to", str(TODAY))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    now = datetime.now(UTC)
    world = world_of(60, datetime.combine(now.date(), time(), UTC))
    paths = []
    for stream, language in NEEDED.items():
        path = tmp_path / f"{language}.csv"
        path.write_bytes(by_hand(stream, SHAPES[language], world, now - timedelta(days=365), now))
        paths.append(str(path))
    return paths


def test_files_become_claims_and_a_list_of_what_is_missing(
    alone: Recoup, data_dir: Path, files: list[str]
) -> None:
    """One command prints claims and missing reports, and leaves no process and no database behind."""
    done = alone.run("check", *files, *DAYS, "--marketplace", "US")
    assert done.code == 0, done
    assert "Inventory Ledger, detailed view  de" in done.stdout
    assert "Lost in the warehouse" in done.stdout
    assert "Searched: Damaged in the warehouse from" in done.stdout
    assert "Not searched: Removal parcel lost on the way to you" in done.stdout
    assert "Removals > Removal Shipment Detail" in done.stdout
    assert done.stderr == ""
    assert processes_of(data_dir) == []
    assert list((data_dir / "check").glob("*.run")) == []


def test_a_program_gets_json_and_an_exit_status(
    alone: Recoup, files: list[str], tmp_path: Path
) -> None:
    """One file that is none fails the command, and the others are shown all the same."""
    other = tmp_path / "holiday.csv"
    other.write_text("destination,nights\nLisbon,4\n")
    done = alone.run("check", *files, str(other), *DAYS, "--marketplace", "US", "--json")
    assert done.code == 1
    told = json.loads(done.stdout)
    assert {one["stream"] for one in told["files"]} == NEEDED.keys()
    assert told["items"]
    assert "holiday.csv is no report" in told["refused"][0]
    assert "holiday.csv is no report" in done.stderr
    alone_done = alone.run("check", str(other))
    assert (alone_done.code, alone_done.stdout) == (1, "")
    assert alone.run("check").code == 2
    assert alone.run("check", str(other), "--marketplace", "Atlantis").code == 2
    assert alone.run("check", str(other), "--from", "2026-01-01").code == 2

"""Reports downloaded by hand: how they are recognised, and what is refused instead of guessed."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from recoup.errors import DiskFullError, FileRefusedError
from recoup.sync.files.archive import GivenFile, files_in
from recoup.sync.files.days import DayOrder, iso_day, iso_time, order_of
from recoup.sync.files.marketplaces import likely_marketplaces, marketplace_named
from recoup.sync.files.recognise import recognise, report_streams
from recoup.sync.files.rewrite import rewritten

GERMAN = (
    "Datum;FNSKU;ASIN;MSKU;Titel;Ereignistyp;Referenz-ID;Menge;Versandzentrum;Zustand;Grund;Land"
)
LINE = "14.03.2026;X000000001;B000000001;SKU-1;Büroklammern;Korrekturen;1;-1;LEJ1;Verkäuflich;M;DE"


def read(content: bytes, order: DayOrder = DayOrder.UNKNOWN) -> list[list[str]]:
    with rewritten(io.BytesIO(content), "file.csv", order) as file:
        text = file.spool.file.read().decode()
    return [[cell.strip('"') for cell in line.split("\t")] for line in text.splitlines()]


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefusedError) as caught, rewritten(io.BytesIO(content), "file.csv"):
        pass
    return str(caught.value)


@pytest.mark.parametrize("stream", [one.name for one in report_streams()])
def test_each_report_is_recognised_by_the_headings_of_the_api(stream: str) -> None:
    """The headings of the API, in any case, name the report and all of its columns."""
    report = next(one.report for one in report_streams() if one.name == stream)
    assert report is not None
    found = recognise([one.headers[0].upper() for one in report.fields])
    assert found is not None
    assert (found.stream.name, found.language) == (stream, "en")
    assert found.columns.keys() == {one.column for one in report.fields}


def test_a_german_ledger_becomes_that_of_the_api() -> None:
    """German headings, words and days become Amazon's English ones."""
    head, row = read(f"{GERMAN}\n{LINE}\n".encode("cp1252"))
    assert dict(zip(head, row, strict=True)) == {
        "Date": "2026-03-14",
        "FNSKU": "X000000001",
        "ASIN": "B000000001",
        "MSKU": "SKU-1",
        "Title": "Büroklammern",
        "Event Type": "Adjustments",
        "Reference ID": "1",
        "Quantity": "-1",
        "Fulfillment Center": "LEJ1",
        "Disposition": "SELLABLE",
        "Reason": "M",
        "Country": "DE",
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_is_found(encoding: str) -> None:
    """An umlaut is read in each encoding that programs write."""
    assert read(f"{GERMAN}\n{LINE}\n".encode(encoding))[1][4] == "Büroklammern"


def test_lines_above_the_headings_and_unknown_columns_are_left_out() -> None:
    """Only rows remain, and of them only the columns that recoup knows."""
    rows = read(f"Bericht\n\nsep=;\n{GERMAN};Kundenkommentar\n{LINE};privat\n".encode())
    assert len(rows) == 2
    assert "privat" not in rows[1]


def test_an_unknown_file_is_refused_with_its_headings_and_without_data() -> None:
    """The refusal quotes headings and never a cell, which may be about a person."""
    assert "destination, nights" in refusal(b"destination,nights\nLisbon,4\n")
    told = refusal(b"anna@example.com,2026-01-01\n")
    assert "anna" not in told
    assert "2026" not in told
    assert "is empty" in refusal(b"  ")


def test_an_unknown_word_in_another_language_is_not_guessed() -> None:
    """A file in another language with an unknown event type is refused; an English heading among the others is read."""
    assert "'Umbuchung'" in refusal(
        f"{GERMAN}\n{LINE.replace('Korrekturen', 'Umbuchung')}\n".encode()
    )
    head, row = read(f"{GERMAN}\n{LINE}\n".replace("Ereignistyp", "Event Type").encode())
    assert row[head.index("Event Type")] == "Adjustments"


def test_days_that_may_be_either_are_refused_unless_a_person_says() -> None:
    """Day or month first is decided by a person or by another day of the column."""
    either = f"{GERMAN}\n{LINE.replace('14.03.2026', '03/04/2026')}\n".encode()
    assert "'03/04/2026'" in refusal(either)
    assert read(either, DayOrder.DAY)[1][0] == "2026-04-03"
    assert read(either, DayOrder.MONTH)[1][0] == "2026-03-04"
    both = f"{GERMAN}\n" + "".join(
        LINE.replace("14.03.2026", day) + "\n" for day in ("03/04/2026", "13/04/2026")
    )
    assert [row[0] for row in read(both.encode())[1:]] == ["2026-04-03", "2026-04-13"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-14", "2026-03-14"),
        ("14.3.2026", "2026-03-14"),
        ("14 mars 2026", "2026-03-14"),
        ("14 de marzo de 2026", "2026-03-14"),
        ("14. März 2026", "2026-03-14"),
        ("Mar 14, 2026", "2026-03-14"),
        ("2026年3月14日", "2026-03-14"),
        ("2026/03/14", "2026-03-14"),
        ("03/2026", "2026-03-01"),
        ("2026年3月", "2026-03-01"),
        ("31.02.2026", None),
        ("gestern", None),
    ],
)
def test_days_of_all_languages_are_read(text: str, day: str | None) -> None:
    """Days of all six languages are read, and what is no day is none."""
    assert iso_day(text, DayOrder.UNKNOWN) == day


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("14.03.2026 08:05:00 MEZ", "2026-03-14T08:05:00+01:00"),
        ("14/03/2026 08:05", "2026-03-14T08:05:00+00:00"),
        ("Mar 14, 2026 8:05:01 PM PST", "2026-03-14T20:05:01-08:00"),
        ("2026/03/14 8:05:00 JST", "2026-03-14T08:05:00+09:00"),
        ("2026-03-14T08:05:00.123Z", "2026-03-14T08:05:00+00:00"),
        ("14.03.2026", "2026-03-14T12:00:00+00:00"),
        ("14.03.2026 08:05 XYZ", None),
    ],
)
def test_times_keep_their_zone_and_days_stay_the_same_day(text: str, instant: str | None) -> None:
    """A named zone counts, no zone is UTC, and a day without a time is its noon."""
    assert iso_time(text, DayOrder.DAY) == instant


def test_the_order_of_days_is_decided_by_all_of_them() -> None:
    """One day that can be read in one way only decides; two that contradict each other decide nothing."""
    assert order_of(["01/02/2026", "13/02/2026"]) is DayOrder.DAY
    assert order_of(["01/02/2026", "02/13/2026"]) is DayOrder.MONTH
    assert order_of(["13/02/2026", "02/13/2026"]) is DayOrder.UNKNOWN
    assert order_of(["01/02/2026"]) is DayOrder.UNKNOWN
    assert order_of(["02/02/2026", "2026-01-01", ""]) is None


def _zip(**members: bytes) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def test_archives_are_unpacked_within_limits() -> None:
    """Files of an archive are read; nested, huge, damaged and empty archives are refused."""
    with ExitStack() as stack:
        content = f"{GERMAN}\n{LINE}\n".encode()
        found = files_in(GivenFile("all.zip", _zip(a=content, b=content)), stack)
        assert [one.name for one in found] == ["a", "b"]
        assert found[1].content.read() == content
        for target, why in {
            _zip(): "contains no file",
            _zip(a=_zip(b=b"x").getvalue()): "another archive",
            _zip(a=b"0" * 30_000_000): "larger than recoup unpacks",
            _zip(**{"[Content_Types].xml": b"x"}): "is a workbook",
            io.BytesIO(_zip(a=content).getvalue()[:60]): "damaged",
        }.items():
            with pytest.raises(FileRefusedError, match=why):
                files_in(GivenFile("all.zip", target), stack)
    assert read(gzip.compress(content))[1][0] == "2026-03-14"
    assert "truncated" in refusal(gzip.compress(content)[:-9])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_no_damaged_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong is this machine, and the message says what to do about it."""
    full = open("/dev/full", "r+b")  # noqa: SIM115, PTH123 - closed by the stack
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full)
    with ExitStack() as stack, pytest.raises(DiskFullError, match="free some, or set TMPDIR"):
        files_in(GivenFile("all.zip", _zip(a=b"0" * 100_000)), stack)


def test_marketplaces_follow_from_what_files_name() -> None:
    """Stores, countries and currencies name marketplaces, the most frequent first; a shared currency names none."""
    assert likely_marketplaces({"Amazon.de": 9, "amazon.fr": 2, "Amazon.com": 1}) == (
        "A1PA6795UKMFR9",
        "A13V1IB3VIYZZH",
    )
    assert likely_marketplaces({"DE": 5, "PL": 3}) == ("A1PA6795UKMFR9",)
    assert likely_marketplaces({"USD": 5}) == ("ATVPDKIKX0DER",)
    assert likely_marketplaces({"EUR": 5}) == ()
    assert marketplace_named("uk") == marketplace_named("Amazon.co.uk") == "A1F83G8C2ARO7P"

"""The most that recoup takes from Amazon's side: one number per kind, several times what was seen.

What comes from there is not trusted: a small answer must not cost much memory, time or disk. All
are counted while the data arrives, and end in an error that names the ceiling.
"""

from __future__ import annotations

from datetime import timedelta

MIB = 1024 * 1024

ANSWER_BYTES = 32 * MIB
"""Of one answer, unpacked. A full page of 500 transactions has about 2 MiB (our sandbox)."""
ANSWER_VALUES = 1_000_000
"""Of one answer: each value of JSON costs about 100 bytes of memory, however short its text is."""
ERROR_BYTES = MIB
"""Of an answer with an error status; a longer one keeps its status and loses its words."""
ERROR_CHARACTERS = 1000
"""Of Amazon's words about an error: what follows is not looked at."""
TOKEN_CHARACTERS = 8192
"""Of an access token, or of a page token; of the first Amazon documents 2048 bytes (page "Connect to the
SP-API").
"""
ID_CHARACTERS = 500
"""Of a report's or a document's id; they have about 70."""
NUMBER_DIGITS = 40
"""Of a number, before and behind the decimal point, written out: 1e40 has as many."""

FILE_BYTES = 1024 * MIB
"""Of a report's file as it is downloaded."""
UNPACKED_BYTES = 2048 * MIB
"""Of a report's file, unpacked: a row of a ledger has about 200 bytes, so ten million."""
ARCHIVE_BYTES = 128 * MIB
"""Of a report's file that is kept, compressed: PostgreSQL takes it as one value."""
STRAY_LINES = 200_000
"""Of a report's file: lines that are blank or do not fit the header."""
FILE_COLUMNS = 400
"""Of a report's file; the widest one has 60."""
HEADING_CHARACTERS = 200
LINE_BYTES = 8 * MIB
"""Of one line of a report's file, and of all that is blank above its header."""
RAW_CHARACTERS = 2000
"""Of one value of a row in quarantine: the rest is cut, and its true length noted."""
RAW_ROW_CHARACTERS = 20_000
"""Of a whole row in quarantine, which is dropped beyond it; its true length is noted."""
REASON_CHARACTERS = 300
"""Of the reason why a row is in quarantine."""

SLOW_BYTES, SLOW_WINDOW = 64 * 1024, timedelta(seconds=60)
"""A download that brings less in such a time is broken off: about 1 KB/s."""
DOWNLOAD_TIME = timedelta(hours=1)
"""Of one download: FILE_BYTES at 300 KB/s."""
DOWNLOADS_AT_ONCE = 4
"""Of one seller: downloads occupy no worker's slot, so nothing else bounds them."""

LONGEST_WAIT = timedelta(minutes=10)
"""Of a Retry-After; the call is then tried again."""
FASTEST_RATE, SLOWEST_RATE = 10.0, 1 / 16
"""Of a told rate, as multiples of the documented one: Amazon raises limits for large sellers, and
was seen to tell a thirtieth of what it serves (selling-partner-api-models issue 1444).
"""
CLOCK_DIFFERENCE = timedelta(days=1)
"""Between Amazon's clock and this machine's: one of them is wrong beyond it."""

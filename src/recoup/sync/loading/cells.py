"""From the cell of a report's file to a value: SQL expressions over the staged text. Pure.

Forms of numbers and dates differ between marketplaces, not within a column of a file
(docs/amazon.md#report-files), so they are decided once per file, from what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace

from recoup.streams._report import Field, FieldKind, normal_header
from recoup.streams._table import LONGEST_KEY_BYTES
from recoup.sync.loading.numbers import NumberForm, plain_number

SQL_TYPES = {
    FieldKind.TEXT: "text",
    FieldKind.INTEGER: "integer",
    FieldKind.AMOUNT: "numeric",
    FieldKind.DATE: "date",
    FieldKind.TIME: "timestamptz",
    FieldKind.BOOLEAN: "boolean",
}
_WRONG = {
    FieldKind.INTEGER: "is not a whole number",
    FieldKind.AMOUNT: "is not an amount",
    FieldKind.DATE: "is not a date",
    FieldKind.TIME: "is not a time",
    FieldKind.BOOLEAN: "is not yes or no",
}
_MONTH_FIRST = re.compile(r"\d{1,2}/\d{4}")
_YEAR_FIRST = re.compile(r"\d{4}-\d{2}")
_DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.\d{2,4}.*")
_DAY_MONTH_YEAR = r"'^(\d{1,2})\.(\d{1,2})\.(\d{2,4})'"
_MONTH_BEHIND_DAY = r"'^(\d{1,2})/(\d{1,2})/(\d{4})'"
_AMOUNT = r"'^\s*[-+]?(\d{1,30}\.?\d{0,30}|\.\d{1,30})\s*$'"
_LONGEST_AMOUNT_BYTES = 32
_DAYS_WITH_MORE = ("20__-%", "__/__/20__ %", "__.__.20__%")
_FIRST_DAY, _LAST_DAY = "'1990-01-01'", "'2199-12-31'"


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of the table and its staged text, None if the file does not have it.

    `text` is an SQL expression for the text that can be cast, null where there is no value.
    is_indexed: it is part of an index, which accepts no long text.
    """

    field: Field
    staged: str | None
    text: str
    is_indexed: bool = False

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.field.kind]

    @property
    def value(self) -> str:
        """SQL for the value. Fails for a text of another kind."""
        cast = self.text if self.field.kind is FieldKind.TEXT else f"({self.text})::{self.sql_type}"
        return cast if self.field.default is None else f"coalesce({cast}, {self._default})"

    @property
    def careful_value(self) -> str:
        """SQL for the value, null if the text is not of the kind."""
        if self.field.kind is FieldKind.TEXT:
            return self.value
        return f"case when not ({self._is_wrong}) then {self.value} end"

    @property
    def is_long(self) -> str | None:
        """SQL for whether the text is too long for its index; None if there is no limit."""
        if not self.is_indexed or self.staged is None:
            return None
        return f"octet_length({self.staged}) > {LONGEST_KEY_BYTES}"

    @property
    def doubt(self) -> str | None:
        """SQL for whether a cast may take the text although it is not of the kind; cheap, and true
        for some that are. None where a cast refuses all that are not.
        """
        match self.field.kind:
            case FieldKind.AMOUNT if self.staged:
                return (
                    f"{self.staged} ~* '[a-z]' "
                    f"or octet_length({self.staged}) > {_LONGEST_AMOUNT_BYTES}"
                )
            case FieldKind.DATE | FieldKind.TIME if self.staged:
                text = self.staged
                with_more = " or ".join(f"{text} like '{shape}'" for shape in _DAYS_WITH_MORE)
                # The commonest first: a year of a ledger has millions of them.
                return (
                    f"not ({text} like '__/__/20__' or ({with_more}) "
                    f"and upper(right({text}, 2)) <> 'BC' or {text} = '--')"
                )
        return " or ".join(one for one in (self.is_long, self.is_no_code) if one) or None

    @property
    def is_no_code(self) -> str | None:
        """SQL for whether a text is not a code although its column contains codes, so that it
        belongs to another column; None if any text is allowed.
        """
        if self.staged is None or not self.field.is_code:
            return None
        return f"{self.staged} like '%_ _%'"

    @property
    def _is_wrong(self) -> str:
        """SQL for whether the text is not of the kind; null if there is no text."""
        if self.field.kind is FieldKind.AMOUNT:
            return f"({self.text}) !~ {_AMOUNT}"
        is_valid = f"pg_input_is_valid({self.text}, '{self.sql_type}')"
        if self.field.kind not in {FieldKind.DATE, FieldKind.TIME}:
            return f"not {is_valid}"
        # `today` is a date to PostgreSQL, and so are days of the year 20261 and before Christ.
        cast = f"({self.text})::{self.sql_type}"
        return (
            f"({self.text}) !~ '^[0-9]' or case when {is_valid} "
            f"then {cast} not between {_FIRST_DAY} and {_LAST_DAY} else {self.text} is not null end"
        )

    @property
    def _default(self) -> str:
        return "'" + (self.field.default or "").replace("'", "''") + "'"

    def complaint(self, *, needed: bool) -> str | None:
        """SQL for `when ... then reason`, for rows with an invalid cell; None if all are valid."""
        cases = []
        if needed and self.field.default is None:
            cases.append(f"when ({self.text}) is null then '{self.field.column} is missing'")
        if self.is_long is not None:
            reason = f"{self.field.column} is longer than {LONGEST_KEY_BYTES} bytes"
            cases.append(f"when {self.is_long} then '{reason}'")
        if self.is_no_code is not None:
            cases.append(
                f"when {self.is_no_code} then '{self.field.column} is the text of another'"
            )
        if self.field.kind is not FieldKind.TEXT:
            cases.append(
                f"when {self._is_wrong} then '{self.field.column} {_WRONG[self.field.kind]}'"
            )
        return " ".join(cases) or None


@dataclass(frozen=True, slots=True)
class Forms:
    """How the file writes values.

    numbers: the form of each staged column of numbers. currency: the one that all its rows have
    that name one. samples: a value of each staged column of dates.
    """

    has_dashes: bool = False
    numbers: Mapping[str, NumberForm] = field(default_factory=dict)
    currency: str | None = None
    samples: Mapping[str, str] = field(default_factory=dict)


def staged_columns(headers: Sequence[str]) -> list[str]:
    """Names for the staging table's columns: headers may be empty, repeated or of any length."""
    return [f"c{number}" for number in range(1, len(headers) + 1)]


def place_fields(fields: Sequence[Field], headers: Sequence[str]) -> dict[str, str]:
    """The staged column of each field's column, for those that the file has."""
    names = staged_columns(headers)
    return {column: names[at] for column, at in place_columns(fields, headers).items()}


def place_columns(fields: Sequence[Field], headers: Sequence[str]) -> dict[str, int]:
    """The position in the file of each field's column, for those that the file has.

    Of several columns of one name the first counts.
    """
    by_header: dict[str, int] = {}
    for at, header in enumerate(headers):
        by_header.setdefault(normal_header(header), at)
    placed = {}
    for one in fields:
        wanted = [normal_header(header) for header in one.headers]
        found = next((by_header[name] for name in wanted if name in by_header), None)
        if found is not None:
            placed[one.column] = found
    return placed


def missing_headers(fields: Sequence[Field], placed: Mapping[str, str]) -> list[str]:
    """Amazon's first name for each required column that the file lacks."""
    return [one.headers[0] for one in fields if one.required and one.column not in placed]


def unknown_headers(fields: Sequence[Field], headers: Sequence[str]) -> list[str]:
    """Columns of the file that no field wants, nor would take instead of another that is there."""
    wanted = {normal_header(name) for field in fields for name in field.headers}
    return [one for one in headers if one.strip() and normal_header(one) not in wanted]


def make_cells(
    fields: Sequence[Field], placed: Mapping[str, str], forms: Forms, indexed: AbstractSet[str]
) -> list[Cell]:
    """The cell of each field, as this file writes it. `indexed`: columns of a limited length."""
    currency = _currency(placed, forms)
    return [
        _cell(one, placed.get(one.column), forms, currency, is_indexed=one.column in indexed)
        for one in fields
    ]


def _currency(placed: Mapping[str, str], forms: Forms) -> str:
    """SQL for the currency of a row: its own, otherwise the only one in the file."""
    own = f"nullif({placed['currency']}, '--')" if "currency" in placed else "null::text"
    return f"coalesce({own}, '{forms.currency}')" if forms.currency else own


def _cell(one: Field, staged: str | None, forms: Forms, currency: str, *, is_indexed: bool) -> Cell:
    if staged is None:
        return Cell(one, None, "null::text")
    text = f"nullif({staged}, '--')" if forms.has_dashes else staged
    if one.kind in {FieldKind.AMOUNT, FieldKind.INTEGER}:
        text = plain_number(text, forms.numbers.get(staged, NumberForm.PLAIN), currency)
    elif one.kind in {FieldKind.DATE, FieldKind.TIME}:
        text = _dated(text, forms.samples.get(staged, ""))
    return Cell(one, staged, text, is_indexed=is_indexed and one.kind is FieldKind.TEXT)


def day_first(cell: Cell) -> Cell:
    """The same cell for a file that writes `14/03/2026`."""
    return replace(cell, text=f"regexp_replace({cell.text}, {_MONTH_BEHIND_DAY}, '\\2/\\1/\\3')")


def _dated(text: str, sample: str) -> str:
    """A text that PostgreSQL reads as the same day: it accepts ISO and month/day/year."""
    if _MONTH_FIRST.fullmatch(sample):
        return f"replace({text}, '/', '/01/')"
    if _YEAR_FIRST.fullmatch(sample):
        return f"({text} || '-01')"
    if _DOTTED.fullmatch(sample):
        return f"regexp_replace({text}, {_DAY_MONTH_YEAR}, '\\2/\\1/\\3')"
    return text

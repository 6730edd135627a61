"""Sourcing costs as people send them, JSON or CSV: all are accepted, or none."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NoReturn

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from recoup.api.cost_days import parse_day
from recoup.api.cost_numbers import parse_amount
from recoup.api.cost_refusal import refuse
from recoup.api.csv_text import plain_text
from recoup.api.parameters import TEXT_PATTERN, Blank, OptionalIdentifier, RequestModel
from recoup.claims.reading.costs import SourcingCost

MAX_ROWS = 10_000
_MOST_ERRORS = 20
_DELIMITERS = (",", ";", "\t", "|")
_NAMES = {
    "sku": "sku",
    "fnsku": "fnsku",
    "cost": "cost",
    "currency": "currency",
    "validfrom": "validFrom",
    "invoicereference": "invoiceReference",
}
_EMPTY = "is empty: fill it, or give one {} for all lines without one"
_ONCE = {name: f": add it, or give one {name} for all lines" for name in ("currency", "validFrom")}
# A comma before three digits may group thousands, so it is not taken for a decimal one.
_DECIMAL = re.compile(r"\d{1,12}(\.\d{1,6}|,(\d{1,2}|\d{4,6}))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _parse_cost(value: object) -> Decimal:
    if isinstance(value, ValueError):  # found while the line was read
        raise value
    text = value.strip() if isinstance(value, str) else str(value)
    if isinstance(value, bool) or not _DECIMAL.fullmatch(text):
        raise ValueError("must be a decimal number, e.g. 12.34 or 12,34")
    return Decimal(text.replace(",", "."))


def _parse_day(value: object) -> date:
    if isinstance(value, ValueError):  # found while the line was read
        raise value
    if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
        raise ValueError("must be a day, e.g. 2026-01-31")
    return date.fromisoformat(value.strip())


def _upper(value: object) -> object:
    if isinstance(value, ValueError):  # found while the line was read
        raise value
    return value.strip().upper() if isinstance(value, str) else value


Cost = Annotated[
    Decimal,
    BeforeValidator(_parse_cost),
    Field(gt=0),
    WithJsonSchema({"type": ["string", "number"], "description": "A decimal, e.g. `12.34`."}),
]
Currency = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")], BeforeValidator(_upper)
]
Day = Annotated[
    date, BeforeValidator(_parse_day), WithJsonSchema({"type": "string", "format": "date"})
]
InvoiceReference = Annotated[
    Annotated[str, StringConstraints(max_length=200, pattern=TEXT_PATTERN)] | None, Blank
]


def require_one_product(sku: str | None, fnsku: str | None) -> None:
    """Raises ValueError, for a validator."""
    if (sku is None) == (fnsku is None):
        raise ValueError("enter either a sku or an fnsku")


class CostEntry(RequestModel):
    """The cost of one unit from a day on; of a SKU or of an FNSKU."""

    sku: OptionalIdentifier = None
    fnsku: OptionalIdentifier = None
    cost: Cost
    currency: Currency
    valid_from: Day
    invoice_reference: InvoiceReference = None

    @model_validator(mode="after")
    def _names_one_product(self) -> CostEntry:
        require_one_product(self.sku, self.fnsku)
        return self

    def cost_of_unit(self) -> SourcingCost:
        return SourcingCost(
            sku=self.sku or "",
            fnsku=self.fnsku or "",
            valid_from=self.valid_from,
            cost=self.cost,
            currency=self.currency,
            invoice_reference=self.invoice_reference,
        )


@dataclass(frozen=True, slots=True)
class WholeFile:
    """What the sender says of all costs that say nothing of it themselves; None: nothing."""

    currency: str | None = None
    valid_from: date | None = None

    def fill(self, entry: dict[str, object]) -> None:
        for name, value in self._told().items():
            if entry.get(name) in (None, ""):
                entry[name] = value

    def lacks(self, names: Sequence[str]) -> list[str]:
        """The columns that a file must have besides these."""
        needed = ("cost", "currency", "validFrom")
        return [one for one in needed if one not in names and one not in self._told()]

    def _told(self) -> dict[str, str]:
        day = None if self.valid_from is None else self.valid_from.isoformat()
        told = {"currency": self.currency, "validFrom": day}
        return {name: value for name, value in told.items() if value is not None}


def cost_schemas() -> dict[str, Any]:
    """What the API takes as costs, for its description: routes read the body by themselves."""
    return {
        "CostEntry": CostEntry.model_json_schema(),
        "CostEntries": {
            "type": "object",
            "properties": {
                "items": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/CostEntry"},
                    "minItems": 1,
                    "maxItems": MAX_ROWS,
                    "description": "The costs; all are saved, or none.",
                }
            },
            "required": ["items"],
        },
    }


def parse_json_costs(body: bytes, whole: WholeFile) -> list[SourcingCost]:
    """Accepts `{"items": [...]}`, a list, or one cost. Raises RequestValidationError."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        refuse([("body", "is not valid JSON")])
    if isinstance(found, dict) and "items" in found:
        found = found["items"]
    entries = found if isinstance(found, list) else [found]
    for entry in entries:
        if isinstance(entry, dict):
            whole.fill(entry)
    return _validated((f"items.{number}", entry) for number, entry in enumerate(entries))


def parse_csv_costs(body: bytes, whole: WholeFile) -> list[SourcingCost]:
    """A header line, then one line per cost. Raises RequestValidationError naming the lines."""
    text = _decoded(body)
    if text.lower().startswith("sep="):
        text = text.partition("\n")[2]
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = _column_names(next(reader, []), whole)
        lines = [(f"line {reader.line_num}", cells) for cells in reader if any(cells)]
    except csv.Error as exc:
        refuse([(f"line {reader.line_num}", str(exc))])
    for place, cells in lines:
        if len(cells) != len(names):
            refuse([(place, f"has {len(cells)} columns, but the header has {len(names)}")])
    entries: list[tuple[str, dict[str, object]]] = [
        (place, dict(zip(names, (plain_text(cell.strip()) for cell in cells), strict=True)))
        for place, cells in lines
    ]
    for _, entry in entries:
        whole.fill(entry)
    _read_amounts(entries)
    _read_days(entries)
    return _validated(entries)


def _decoded(body: bytes) -> str:
    """UTF-8 or UTF-16 with or without its mark, or the code page of Western Windows."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    if body.count(b"\x00") * 3 > len(body):
        return body.decode("utf-16-le" if body[1:2] == b"\x00" else "utf-16-be", "replace")
    for charset in ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return body.decode(charset)
    return refuse([("body", "is neither UTF-8 nor UTF-16: save the file as `CSV UTF-8`")])


def _read_amounts(entries: Sequence[tuple[str, dict[str, object]]]) -> None:
    """Costs as spreadsheets write them become decimals, others the error that says why not."""
    for _, entry in entries:
        currency = str(entry["currency"]).upper()
        try:
            read = parse_amount(str(entry.get("cost", "")), currency or None, "cost")
        except ValueError as exc:
            entry["cost"] = exc
        else:
            entry["cost"] = format(read, "f")
        if not currency:
            entry["currency"] = ValueError(_EMPTY.format("currency"))


def _read_days(entries: Sequence[tuple[str, dict[str, object]]]) -> None:
    """The same for days."""
    for _, entry in entries:
        try:
            entry["validFrom"] = _day_of_cell(str(entry["validFrom"])).isoformat()
        except ValueError as exc:
            entry["validFrom"] = exc


def _day_of_cell(text: str) -> date:
    if not text:
        raise ValueError(_EMPTY.format("validFrom"))
    return parse_day(text)


def _column_names(header: Sequence[str], whole: WholeFile) -> list[str]:
    """Spelled as in the API, with blanks or underscores. Unknown columns are refused."""
    names = [_NAMES.get(re.sub(r"[^a-z]", "", cell.lower()), "") for cell in header]
    errors = [
        ("line 1", f"column {cell[:40]!r} is not one of {', '.join(_NAMES.values())}")
        for cell, name in zip(header, names, strict=True)
        if not name
    ]
    errors += [
        ("line 1", f"column {name} is missing{_ONCE.get(name, '')}") for name in whole.lacks(names)
    ]
    if not errors and len(set(names)) < len(names):
        errors.append(("line 1", "a column appears twice"))
    if errors:
        refuse(errors[:_MOST_ERRORS])
    return names


def _validated(entries: Iterable[tuple[str, object]]) -> list[SourcingCost]:
    """The costs. Raises RequestValidationError for bad entries, too many, or duplicates."""
    errors: list[tuple[str, str]] = []
    places: dict[tuple[str, str, date], str] = {}
    costs = []
    for number, (place, entry) in enumerate(entries):
        if number == MAX_ROWS:
            refuse([(place, f"at most {MAX_ROWS} costs can be sent at once")])
        if len(errors) >= _MOST_ERRORS:
            break
        try:
            cost = CostEntry.model_validate(entry).cost_of_unit()
        except ValidationError as exc:
            errors += [_error(place, error) for error in exc.errors()]
            continue
        first = places.setdefault((cost.sku, cost.fnsku, cost.valid_from), place)
        if first != place:
            errors.append((place, f"has the same product and day as {first}"))
        costs.append(cost)
    if errors:
        refuse(errors[:_MOST_ERRORS])
    if not costs:
        refuse([("body", "contains no costs")])
    return costs


def _error(place: str, error: Mapping[str, Any]) -> tuple[str, str]:
    field = "/".join(str(part) for part in error["loc"])
    return (f"{place}/{field}" if field else place, error["msg"])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")

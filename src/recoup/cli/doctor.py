"""`recoup doctor`: the settings, what works, and how to fix the rest.

It looks and changes nothing: it makes no directory, no key and no database, and upgrades none. An
embedded database that exists and does not run is started for the while.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.doctor_database import examine_database, overdue
from recoup.cli.doctor_machine import machine_findings
from recoup.cli.doctor_network import network_findings, port_finding
from recoup.cli.doctor_settings import client_secret, secret_keys, setting_rows
from recoup.cli.dpp import DemandAnswer, demands
from recoup.cli.entrance import enter
from recoup.cli.errors import FAILED
from recoup.cli.finding import finding_lines
from recoup.cli.output import JsonOption, align, say, show

if TYPE_CHECKING:
    from recoup.config import Settings

DppOption = Annotated[
    bool,
    typer.Option("--dpp", help="Show how each demand of Amazon's Data Protection Policy is met."),
]


def doctor(*, dpp: DppOption = False, as_json: JsonOption = False) -> None:
    """Check settings, disk, network, database and workers, and say what to do.

    Changes nothing. With an SP-API application set, it asks Amazon for the time, without signing in.
    """
    from recoup.errors import ConfigurationError

    try:
        settings = enter()
    except ConfigurationError:
        say(*_known_settings())
        raise
    if dpp:
        _show_demands(settings, as_json=as_json)
        return
    shown = list(setting_rows(settings))
    database = examine_database(settings)
    findings = [
        *secret_keys(settings),
        *client_secret(settings),
        *machine_findings(settings),
        *network_findings(settings),
        port_finding(settings, is_ours=bool(database.programs)),
        *database.findings,
    ]
    healthy = all(finding.state != "problem" for finding in findings)
    show(
        {
            "ok": healthy,
            "settings": [
                dict(zip(("name", "value", "source"), each, strict=True)) for each in shown
            ],
            "checks": [asdict(finding) for finding in findings],
        },
        as_json=as_json,
        lines=[*align(("setting", "value", "from"), shown), "", *finding_lines(findings)],
    )
    if not healthy:
        raise typer.Exit(FAILED)


def _show_demands(settings: Settings, *, as_json: bool) -> None:
    """Fails while a demand is not met."""
    found = list(demands(settings, overdue(settings)))
    show(
        {"demands": [asdict(one) for one in found]},
        as_json=as_json,
        lines=align(
            ("demand", "met", "how"), [(one.demand, one.answer, one.says) for one in found]
        ),
    )
    if any(one.answer is DemandAnswer.NO for one in found):
        raise typer.Exit(FAILED)


def _known_settings() -> Iterator[str]:
    from recoup.config import Settings

    for name, field in Settings.model_fields.items():
        yield f"RECOUP_{name.upper()}: {field.description}"

"""`recoup sandbox`: the SP-API server that needs no Amazon account."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.output import say
from recoup.cli.running import run_services
from recoup.cli.services import sandbox_service
from recoup.sandbox.oddities import ALL, NOT_IN_ALL, oddity_names, parse_oddities

if TYPE_CHECKING:
    from recoup.sandbox.config import SandboxConfig


ODD_HELP = (
    "Present the data oddly, as sellers have seen Amazon do. Kinds: "
    f"{', '.join(oddity_names())}; or {ALL}, which is every kind except {', '.join(NOT_IN_ALL)}. "
    "Can be repeated."
)


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class SellerHome(StrEnum):
    """Region of the seller account."""

    US = "us"
    UK = "uk"
    EU = "eu"


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on. 0: any free port.")
    ] = 8001,
    seed: Annotated[
        int,
        typer.Option(help="Seed of the generated seller; the same seed generates the same seller."),
    ] = 1,
    orders: Annotated[
        int, typer.Option(min=0, help="Number of orders in the last 360 days.")
    ] = 2000,
    profile: Annotated[
        SellerHome, typer.Option(help="Home marketplace of the seller.")
    ] = SellerHome.US,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date in the sandbox. Unset: the real date."),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            help="Factor by which limits refill faster than Amazon's; reports are made faster too."
        ),
    ] = 1.0,
    limits: Annotated[Switch, typer.Option(help="Whether to enforce call limits.")] = Switch.ON,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:RATE|KIND@OPERATION:N",
            help="Fail a share (0 to 1) of all calls, or the Nth call of an operation: 429, 500, "
            "503, reset, stall, slow, malformed, truncated-gzip, expired-token, lost-report, "
            "fatal, duplicate-page or empty-page-with-token. Can be repeated.",
        ),
    ] = None,
    odd: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND|all", help=ODD_HELP),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE[:PHASE]",
            help="Plant this claim and no others, and no look-alikes. PHASE is the state of its window "
            "today: open (the default), near, early or expired. Can be repeated. Unset: some of "
            "every type, and look-alikes.",
        ),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(help="Folder for reports and schedules. Unset: kept in memory."),
    ] = None,
) -> None:
    """Run a server that behaves like Amazon's Selling Partner API; needs no database."""
    from recoup.sandbox.config import SandboxConfig, parse_fault

    enter(quiet=False)
    try:
        config = SandboxConfig(
            seed=seed,
            orders=orders,
            profile=profile.value,
            today=None if today is None else today.date(),
            speed=speed,
            limits=limits is Switch.ON,
            faults=tuple(parse_fault(text) for text in fault or ()),
            state_dir=state_dir,
            odd=chosen_oddities(odd),
            claims=tuple(claim or ()),
        )
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    asyncio.run(_run(config, host, port))


def chosen_oddities(texts: list[str] | None) -> tuple[str, ...]:
    """The kinds that a command line names. Raises BadParameter, which lists all, for others."""
    try:
        return parse_oddities(tuple(texts or ()))
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc


async def _run(config: SandboxConfig, host: str, port: int) -> None:
    def tell(actual: int) -> None:
        say(f"The sandbox listens on http://{host}:{actual} ({config.orders:,} orders).")

    await run_services([sandbox_service(config, host=host, port=port, started=tell)])

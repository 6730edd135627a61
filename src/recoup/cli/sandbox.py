"""`recoup sandbox`: the SP-API server that needs no Amazon account."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.cli.entrance import enter
from recoup.cli.running import run_services
from recoup.cli.services import sandbox_service

if TYPE_CHECKING:
    from recoup.config import Settings
    from recoup.sandbox.config import SandboxConfig


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class Home(StrEnum):
    """Where the seller sells."""

    US = "us"
    UK = "uk"
    EU = "eu"


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8001,
    seed: Annotated[int, typer.Option(help="The same seed makes the same seller.")] = 1,
    orders: Annotated[int, typer.Option(min=0, help="Orders in the last 360 days.")] = 2000,
    profile: Annotated[Home, typer.Option(help="The seller's home marketplace.")] = Home.US,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The sandbox's date. Unset: the real one."),
    ] = None,
    speed: Annotated[
        float, typer.Option(help="Multiplies the refill of Amazon's limits; reports take less.")
    ] = 1.0,
    limits: Annotated[Switch, typer.Option(help="Whether calls are limited.")] = Switch.ON,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:RATE|KIND@OPERATION:N",
            help="Fail a share (0 to 1) of the calls, or the N-th call of an operation: 429, 500, "
            "503, reset, stall, slow, malformed, truncated-gzip, expired-token, lost-report, "
            "fatal, duplicate-page or empty-page-with-token. May be given several times.",
        ),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(help="Keep reports and schedules in this folder. Unset: in memory."),
    ] = None,
) -> None:
    """Run a server that answers as Amazon's Selling Partner API does; needs no database."""
    from recoup.sandbox.config import SandboxConfig, parse_fault

    settings = enter(quiet=False)
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
        )
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    asyncio.run(_run(accepting(settings, config), host, port))


def accepting(settings: Settings, config: SandboxConfig) -> SandboxConfig:
    """The config with the client that recoup itself presents."""
    return replace(
        config,
        client_id=settings.lwa_client_id,
        client_secret=settings.lwa_client_secret.get_secret_value(),
    )


async def _run(config: SandboxConfig, host: str, port: int) -> None:
    def tell(actual: int) -> None:
        typer.echo(f"The sandbox listens on http://{host}:{actual} ({config.orders:,} orders).")

    await run_services([sandbox_service(config, host=host, port=port, started=tell)])

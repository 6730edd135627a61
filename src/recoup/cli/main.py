"""The program `recoup`: its commands, and the one place where an error ends it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from recoup import __version__
from recoup.cli import claims, claims_detect, connect, db, demo, doctor, sandbox, serve, sync, user
from recoup.cli.errors import INTERRUPTED, WRONG_USAGE, explain
from recoup.cli.running import end_in_order

app = typer.Typer(
    name="recoup",
    help="Copies an Amazon seller's data into PostgreSQL and finds the money Amazon owes.",
    epilog="Settings are RECOUP_ variables; `recoup doctor` lists them.",
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("sandbox")(sandbox.sandbox)
app.command("connect")(connect.connect)
app.add_typer(sync.app, name="sync")
claims.app.command("detect")(claims_detect.detect_)
app.add_typer(claims.app, name="claims")
app.add_typer(user.app, name="user")
app.add_typer(db.app, name="db")
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag
    if wanted:
        typer.echo(f"recoup {__version__}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """What stands before the command."""


def run() -> None:
    """The entry point: exit status 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    sys.exit(_run())


def _run() -> int:
    try:
        end_in_order()
        # Typer gives the status of typer.Exit, and 130 for Ctrl-C, as the result.
        status: object = app(standalone_mode=False, prog_name="recoup")
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort:  # Ctrl-C or Ctrl-D at a prompt
        return INTERRUPTED
    except typer.TyperException as error:
        typer.echo(f"recoup: {_usage(error)}", err=True)
        return WRONG_USAGE
    except Exception as error:  # the translator; what it does not know is a bug and is raised
        explanation = explain(error)
        if explanation is None:
            raise
        line, code = explanation
        typer.echo(f"recoup: {line}", err=True)
        return code
    return status if isinstance(status, int) else 0


def _usage(error: typer.TyperException) -> str:
    """What was wrong and where the help is; Typer keeps the context for that."""
    context: typer.Context | None = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()).rstrip(".")
    return f"{message}." if context is None else f"{message}; see `{context.command_path} --help`."

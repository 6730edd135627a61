"""The program `recoup`: its commands, and the single place where errors end it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from recoup import __version__
from recoup.cli import (
    audit,
    backup,
    check,
    claims,
    claims_detect,
    claims_move,
    connect,
    connections,
    db,
    demo,
    doctor,
    export,
    hold,
    keys,
    mcp,
    open_page,
    packs,
    proofs,
    sandbox,
    serve,
    sync,
    token,
    user,
    webhook,
)
from recoup.cli.errors import INTERRUPTED, WRONG_USAGE, explain
from recoup.cli.output import hint, say
from recoup.cli.running import end_in_order

app = typer.Typer(
    rich_markup_mode="markdown",  # otherwise a line of a docstring ends where it ends in the source
    name="recoup",
    help="Copies an Amazon seller's data into PostgreSQL and finds the money Amazon owes.",
    epilog="Settings are RECOUP_ variables; `recoup doctor` lists them.",
    add_completion=False,
    # Python's own tracebacks show no variables, whatever Typer's default is.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("sandbox")(sandbox.sandbox)
app.command("open")(open_page.open_page)
app.command("mcp")(mcp.mcp)
app.command("export")(export.export)
app.command("check")(check.check)
connect.app.command("list")(connections.list_)
connect.app.command("reauthorize")(connections.reauthorize_)
connect.app.command("remove")(connections.remove)
app.add_typer(connect.app, name="connect")
app.add_typer(sync.app, name="sync")
claims.app.command("detect")(claims_detect.detect_)
claims.app.command("move")(claims_move.move)
app.add_typer(claims.app, name="claims")
app.add_typer(packs.app, name="packs")
app.add_typer(proofs.app, name="proofs")
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(webhook.app, name="webhook")
app.add_typer(audit.app, name="audit")
app.add_typer(hold.app, name="hold")
app.add_typer(keys.app, name="keys")
db.app.command("backup")(backup.backup)
db.app.command("restore")(backup.restore)
app.add_typer(db.app, name="db")
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with the flag
    if wanted:
        say(f"recoup {__version__}")
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
    """Options before the command."""


def run() -> None:
    """The entry point: exit status 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    sys.exit(_run())


def _run() -> int:
    try:
        end_in_order()
        # Typer returns the status of typer.Exit, and 130 for Ctrl-C, as the result.
        status: object = app(standalone_mode=False, prog_name="recoup")
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort:  # Ctrl-C or Ctrl-D at a prompt
        return INTERRUPTED
    except typer.TyperException as error:
        hint(f"recoup: {_usage(error)}")
        return WRONG_USAGE
    except Exception as error:  # the translator; what it does not know is a bug and is raised
        explanation = explain(error)
        if explanation is None:
            raise
        line, code = explanation
        hint(f"recoup: {line}")
        return code
    return status if isinstance(status, int) else 0


def _usage(error: typer.TyperException) -> str:
    """The mistake and where the help is; Typer keeps the context for that."""
    context: typer.Context | None = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    if context is None:
        return f"{message}."
    then = " See" if message.endswith("?") else "; see"
    return f"{message}{then} `{context.command_path} --help`."

"""The pages of settings and commands, from the code that defines them."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from docs.reference.markdown import NOTICE, table
from recoup.cli.main import app
from recoup.config import Settings

_SETTINGS_HEAD = f"""\
# Settings

{NOTICE}

A setting comes from the first of these that names it: an environment variable, the file `.env`,
the file `recoup.toml`, the default. The files are looked for in the folder in which the program is
started. In `recoup.toml` a setting has its lower-case name without `RECOUP_`, for example
`worker_concurrency = 5`. A `.env` may hold variables of recoup only.

A variable that begins with `RECOUP_` and is no setting is refused, so a misspelled name is noticed.
`recoup doctor` shows every setting, its value and where it came from.
"""

_COMMANDS_HEAD = f"""\
# Commands

{NOTICE}

Exit status: 0 done, 1 the operation failed, 2 wrong usage or a wrong setting, 130 interrupted by
Ctrl-C. An error is one line on stderr that says what to do. Every command has `--help`.
"""


def settings_page() -> str:
    """The page of every setting, in the order in which `Settings` declares them."""
    rows = (
        (f"`RECOUP_{name.upper()}`", str(field.description), _allowed(field), _default(field))
        for name, field in Settings.model_fields.items()
    )
    listed = table(("variable", "meaning", "values", "default"), rows)
    return f"{_SETTINGS_HEAD}\n{listed}"


def commands_page() -> str:
    """The page of every command, in the order of `recoup --help`."""
    parts = [_COMMANDS_HEAD]
    parts += [_command(name, command) for name, command in _walk("recoup", get_command(app))]
    return "\n".join(parts)


def _allowed(field: FieldInfo) -> str:
    """What a value may be, where that is less than any text."""
    for part in (field.annotation, *get_args(field.annotation)):
        if get_origin(part) is Literal:
            return ", ".join(f"`{choice}`" for choice in get_args(part))
    bounds = {type(part).__name__: part for part in field.metadata}
    if "Ge" in bounds and "Le" in bounds:
        return f"{bounds['Ge'].ge} to {bounds['Le'].le}"
    return ""


def _default(field: FieldInfo) -> str:
    """The default as it would be written; of a computed one what its function says of itself."""
    if field.default_factory is not None:
        says = inspect.getdoc(field.default_factory) or ""
        return says.splitlines()[0].rstrip(".")
    value: object = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return "unset" if value is None else f"`{value}`"


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its whole name; most groups only lead to others."""
    children = getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield name, command
    for child, below in children.items():
        yield from _walk(f"{name} {child}", below)


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    words = [name]
    words += [f"{p.opts[0]} {_value(p)}" for p in options if p.required]
    words += ["[OPTIONS]"] if any(not p.required for p in options) else []
    words += [p.metavar or p.name.upper() for p in arguments]
    lines = [f"## {name}", "", f"`{' '.join(words)}`", "", inspect.cleandoc(command.help), ""]
    if command.params:
        rows = (_parameter(parameter) for parameter in (*arguments, *options))
        lines.append(table(("parameter", "meaning", "default"), rows))
    return "\n".join(lines)


def _parameter(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
    else:
        name = f"{parameter.opts[0]} {_value(parameter)}".strip()
    default = "required" if parameter.required else _shown(parameter)
    return f"`{name}`", parameter.help, default


def _value(parameter: Any) -> str:
    """What follows the option's name; nothing after a switch."""
    if parameter.metavar or parameter.is_flag:
        return parameter.metavar or ""
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "|".join(str(member.value) for member in annotation)
    return {"int": "NUMBER", "float": "NUMBER", "datetime": "YYYY-MM-DD"}.get(
        getattr(annotation, "__name__", ""), "TEXT"
    )


def _shown(parameter: Any) -> str:
    value = parameter.default
    if value is None or parameter.is_flag:
        return ""
    return f"`{value.value if isinstance(value, enum.Enum) else value}`"

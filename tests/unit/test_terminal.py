"""What Amazon or a user wrote gives no orders to the terminal it is printed on."""

from __future__ import annotations

import ast
import io
import json
import logging
from pathlib import Path

import pytest
import structlog

import recoup.cli
from recoup.cli.output import align, hint, say, show, show_json_line
from recoup.logs import configure_logs
from recoup.terminal import printable, printable_lines

# Clears the screen, sets the title, and a CSI of one character; then what turns text around.
ORDERS = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\n\t\x7f\u202e\u2066\u2028"
SKU = f"RC-1{ORDERS}end"
OBEYED = set(ORDERS) - set("[2J]0;owned31m")
HERE = Path(recoup.cli.__file__).parent


def obeyed(text: str) -> set[str]:
    return OBEYED & set(text.replace("\n", ""))


def test_no_line_gives_orders(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines, tables, hints and JSON; a line stays one line, and JSON says the same as before."""
    say(SKU)
    show({}, as_json=False, lines=align(("sku",), [(SKU,)]))
    hint(SKU)
    lines = capsys.readouterr()
    show({"sku": SKU}, as_json=True, lines=[])
    show_json_line({"sku": SKU})
    documents = capsys.readouterr().out

    assert obeyed(lines.out + lines.err + documents) == set()
    assert (lines.out.count("\n"), lines.err.count("\n")) == (3, 1)
    whole, _, line = documents.rstrip("\n").rpartition("\n")
    assert [json.loads(whole)["sku"], json.loads(line)["sku"]] == [SKU, SKU]


def test_other_languages_stay() -> None:
    """Nothing is taken from names that people write."""
    for name in ("Sm\xf8rebr\xf8d", "\u65e5\u672c", "\U0001f469\u200d\U0001f680", "a\u0301"):
        assert printable(name) == name
    assert printable_lines("a\r\nb\n") == "a\nb\n"


def test_a_log_for_people_gives_no_orders() -> None:
    """The console form, also of what other libraries log."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers, root.level, structlog.get_config()
    configure_logs(log_format="console", level="info")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    try:
        structlog.get_logger("here").warning("quarantined", sku=SKU, values=[SKU])
        logging.getLogger("elsewhere").error("about %s", SKU)
    finally:
        root.handlers, root.level = before[:2]
        structlog.configure(**before[2])

    assert "quarantined" in stream.getvalue()
    assert obeyed(stream.getvalue()) <= {"\x1b"}
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x1b]" not in stream.getvalue()


def test_commands_print_through_one_module() -> None:
    """Nothing else in the commands writes to the terminal, and what Rich draws is made printable."""
    found = []
    for path in sorted(HERE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in {"typer.echo", "print", "sys.stdout.write", "sys.stdout.buffer.write"}:
                found.append((path.name, called))
            if called == "Text" and not ast.unparse(node.args[0]).startswith(
                ("printable(", "_count(", "_state(", "f'  {stream.name}'")
            ):
                found.append((path.name, ast.unparse(node)))

    assert {name for name, _ in found} == {"output.py"}

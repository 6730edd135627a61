"""The page at /api/docs: the OpenAPI document as HTML, without external resources."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;background:#fff;color:#16202a}a{color:#0f766e}
@media(prefers-color-scheme:dark){:root{background:#11161b;color:#e6ebef}a{color:#2fb5a8}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code{font-family:ui-monospace,monospace}section{border-top:1px solid #8888;padding:.5rem 0}
h2{font-size:1.05rem;margin:.5rem 0}table{border-collapse:collapse;width:100%}
td{padding:.15rem .75rem .15rem 0;vertical-align:top}td:first-child{white-space:nowrap;width:14rem}
h2,td{overflow-wrap:anywhere}
@media(max-width:46rem){tr,td,td:first-child{display:block;white-space:normal;width:auto}td{padding:0}
tr{padding:.25rem 0}}
"""


def render_docs(document: dict[str, Any]) -> str:
    """A page without scripts and without external resources."""
    info = document["info"]
    operations = "".join(
        _operation(method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    )
    schemas = document["components"]["schemas"].items()
    models = "".join(_model(name, schema) for name, schema in schemas)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        f"<p>{escape(info.get('description', ''))}</p>"
        '<p>The same for programs: <a href="/api/openapi.json">/api/openapi.json</a></p>'
        f"{operations}{models}"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code><td>{escape(text)}" for name, text in _rows(operation)
    )
    return (
        f"<section><h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('summary', ''))}</p>"
        f"<table>{rows}</table></section>"
    )


def _model(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(key)}</code><td>{escape(_type(part))} "
        f"{escape(part.get('description', ''))}"
        for key, part in schema.get("properties", {}).items()
    )
    return f"<section><h2>{escape(name)}</h2><table>{rows}</table></section>" if rows else ""


def _rows(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and explanation of each parameter, the body and each answer."""
    for parameter in operation.get("parameters", ()):
        needed = "required" if parameter.get("required") else "optional"
        words = [parameter["in"], needed, _type(parameter["schema"])]
        yield parameter["name"], ", ".join(filter(None, [*words, parameter.get("description", "")]))
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield "body", f"{media_type}: {_type(content['schema'])}"
    for status, response in operation["responses"].items():
        kinds = " or ".join(
            f"{media_type} {_type(content.get('schema', {}))}".strip()
            for media_type, content in response.get("content", {}).items()
        )
        yield status, f"{response['description']}{f' - {kinds}' if kinds else ''}"


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    name = str(schema.get("format") or schema.get("type") or "")
    bounds = [f"{schema[b]}" for b in ("minimum", "maximum") if b in schema]
    return f"{name} {' to '.join(bounds)}".strip()

"""A problem as a page, for a browser that was sent here and shows whatever it gets."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse, Response

from recoup.api.negotiation import preferred
from recoup.api.problems import MEDIA_TYPE, Problem, response_of

_HTML = "text/html"
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - recoup</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<main><section class="card narrow">
<h1>{title}</h1>
<p role="alert">{detail}</p>
<p><a class="button" href="{link}">{text}</a></p>
</section></main>
</body>
</html>
"""


def show_problem(problem: Problem, accept: str | None, *, link: str, text: str) -> Response:
    """The problem in the form that the client prefers; the page has a link to where it is mended."""
    if preferred(accept, (MEDIA_TYPE, _HTML)) != _HTML:
        return response_of(problem)
    page = _PAGE.format(
        title=escape(problem.title), detail=escape(problem.detail), link=link, text=text
    )
    headers = {**problem.headers, "content-security-policy": _POLICY}
    return HTMLResponse(page, status_code=problem.status, headers=headers)

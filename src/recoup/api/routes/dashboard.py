"""The dashboard at /. Its pages use the public API like any other client."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)

FOLDER = Path(__file__).parents[2] / "web"

_FILE_HEADERS = {"cache-control": "no-cache"}
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
}


class _Files(StaticFiles):
    """Makes the browser check for changes, so that an upgrade is visible at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_FILE_HEADERS)
        return response


static_files = _Files(directory=FOLDER)


@cache
def _page() -> str:
    return (FOLDER / "index.html").read_text(encoding="utf-8")


def _dashboard() -> Response:
    return HTMLResponse(_page(), headers=_HEADERS)


@router.get("/")
async def get_dashboard() -> Response:
    return _dashboard()


@router.get("/signin")
async def get_sign_in_page() -> Response:
    """The token of a link is behind #, so it stays in the browser; the page sends it in a POST."""
    return _dashboard()

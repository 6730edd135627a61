"""The consent page of the website workflow, where a seller approves an application (docs/amazon.md#consent)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from recoup.sandbox.state import Sandbox

CONSENT_PATH = "/apps/authorize/consent"
CODE_LIFETIME = timedelta(minutes=5)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Authorize application - sandbox</title>
<meta name="viewport" content="width=device-width"><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1.5rem; margin-right: 1rem }}
</style></head><body>
<h1>{title}</h1>
{content}
</body></html>
"""
_QUESTION = """<p>The application <code>{application_id}</code>{draft} asks for access to the data of
seller <code>{seller_id}</code>.</p>
<p>You will be sent to <code>{redirect_uri}</code>.</p>
<form method="post">{fields}
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button></form>"""
_NAMES = ("application_id", "state", "redirect_uri", "version")


class Codes:
    """The authorization codes that were issued and not yet used."""

    def __init__(self) -> None:
        self._given: dict[str, tuple[str, datetime]] = {}

    def give(self, redirect_uri: str, now: datetime) -> str:
        """Issues a code to be used once, within 5 minutes, with the same redirect_uri."""
        code = secrets.token_urlsafe(24)
        self._given = {one: kept for one, kept in self._given.items() if kept[1] > now}
        self._given[code] = (redirect_uri, now + CODE_LIFETIME)
        return code

    def use(self, code: str, redirect_uri: str | None, now: datetime) -> bool:
        """Whether the code is valid; it is used up in any case."""
        kept, ends = self._given.pop(code, ("", now))
        return ends > now and redirect_uri == kept


def consent_route(sandbox: Sandbox, codes: Codes) -> Route:
    """The page with its two buttons; approving answers for the configured seller."""

    async def answer(request: Request) -> Response:
        asked: Mapping[str, str] = request.query_params
        if request.method == "POST":
            asked = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        problem = _find_problem(asked)
        if problem is not None:
            return _page("This request cannot be authorized", f"<p>{escape(problem)}</p>", 400)
        seller = sandbox.sellers.get(sandbox.config.refresh_token)
        seller_id = seller.world.seller_id
        if request.method != "POST":
            return _page("Authorize application", _question(asked, seller_id), 200)
        answered = {"state": asked["state"]}
        if asked.get("decision") == "approve":
            answered["selling_partner_id"] = seller_id
            code = codes.give(asked["redirect_uri"], sandbox.clock.now())
            answered["spapi_oauth_code"] = code
        else:
            answered["error"] = "access_denied"
            answered["error_description"] = "The seller did not grant the permission."
        return RedirectResponse(_extend(asked["redirect_uri"], answered), 303)

    return Route(CONSENT_PATH, answer, methods=["GET", "POST"])


def _find_problem(asked: Mapping[str, str]) -> str | None:
    if not asked.get("application_id"):
        return "MD1000: application_id is missing."
    if not asked.get("state"):
        return "state is missing: without it the answer cannot be trusted."
    url = urlsplit(asked.get("redirect_uri", ""))
    if url.scheme not in {"http", "https"} or not url.netloc:
        return "MD5101: redirect_uri must be the registered address of the application."
    return None


def _question(asked: Mapping[str, str], seller_id: str) -> str:
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked[name])}">'
        for name in _NAMES
        if name in asked
    )
    return _QUESTION.format(
        application_id=escape(asked["application_id"]),
        draft=" (draft)" if asked.get("version") == "beta" else "",
        seller_id=escape(seller_id),
        redirect_uri=escape(asked["redirect_uri"]),
        fields=fields,
    )


def _page(title: str, content: str, status: int) -> Response:
    return HTMLResponse(_PAGE.format(title=title, content=content), status)


def _extend(address: str, parameters: Mapping[str, str]) -> str:
    url = urlsplit(address)
    query = urlencode([*parse_qsl(url.query), *parameters.items()])
    return urlunsplit(url._replace(query=query))

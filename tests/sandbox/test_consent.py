"""The website workflow: consent page, code, tokens; and the other grants."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.sandbox.running import SELLERS, Running

CONSENT = "/apps/authorize/consent"
BACK = "https://shop.example/callback?from=amazon"
ASKED = {
    "application_id": "amzn1.sellerapps.app.test",
    "state": "a & b",
    "redirect_uri": BACK,
    "version": "beta",
}


def decide(sandbox: Running, decision: str) -> tuple[httpx2.Response, dict[str, list[str]]]:
    """Open the page, press a button; the redirect and its parameters."""
    page = sandbox.client.get(CONSENT, params=ASKED)
    assert page.status_code == 200
    fields = re.findall(r'name="(\w+)" value="([^"]*)">(?!Approve|Deny)', page.text)
    form = {name: unescape(value) for name, value in fields} | {"decision": decision}
    answer = sandbox.client.post(CONSENT, data=form, follow_redirects=False)
    assert answer.status_code == 303
    return answer, parse_qs(urlsplit(answer.headers["location"]).query)


def redeem(sandbox: Running, code: str, redirect_uri: str = BACK) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": sandbox.config.client_id,
        "client_secret": sandbox.config.client_secret,
    }
    return sandbox.client.post("/auth/o2/token", data=form)


def test_approval_leads_to_tokens_of_the_seller(sandbox):
    """The redirect names seller and state, and its code buys tokens of that seller."""
    answer, query = decide(sandbox, "approve")
    tokens = redeem(sandbox, query["spapi_oauth_code"][0]).json()

    assert answer.headers["location"].startswith("https://shop.example/callback?from=amazon&")
    assert query["state"] == ["a & b"]
    assert query["selling_partner_id"] == [sandbox.world()["sellerId"]]
    assert tokens["refresh_token"].startswith("Atzr|")
    assert tokens["refresh_token"] != "Atzr|test"
    assert sandbox.get(SELLERS, tokens["access_token"]).status_code == 200
    again = sandbox.world(refreshToken=tokens["refresh_token"])
    assert again["sellerId"] == query["selling_partner_id"][0]


def test_a_refusal_goes_back_with_an_error(sandbox):
    """Deny brings no code, but the state and an error."""
    _, query = decide(sandbox, "deny")

    assert query["error"] == ["access_denied"]
    assert query["state"] == ["a & b"]
    assert "spapi_oauth_code" not in query


def test_a_code_works_once_for_five_minutes_with_its_redirect_uri():
    """A second use, another redirect_uri and a code older than 5 minutes are refused."""
    with Running() as sandbox:
        codes = [decide(sandbox, "approve")[1]["spapi_oauth_code"][0] for _ in range(3)]
        assert redeem(sandbox, codes[0]).status_code == 200
        answers = [redeem(sandbox, codes[0]), redeem(sandbox, codes[1], "https://other.example")]
        sandbox.control("clock", {"advance": "PT5M"})
        answers.append(redeem(sandbox, codes[2]))

    for answer in answers:
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "The request has an invalid grant parameter : code",
        }


def test_tokens_of_a_consent_survive_a_restart():
    """The refresh token still means the same seller in a new sandbox with the same seed."""
    with Running() as sandbox:
        code = decide(sandbox, "approve")[1]["spapi_oauth_code"][0]
        refresh_token = redeem(sandbox, code).json()["refresh_token"]
        seller_id = sandbox.world()["sellerId"]
    with Running() as sandbox:
        assert sandbox.world(refreshToken=refresh_token)["sellerId"] == seller_id
        forged = refresh_token[:-1] + ("0" if refresh_token[-1] != "0" else "1")
        assert sandbox.exchange(forged).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("missing", ["application_id", "state", "redirect_uri"])
def test_an_incomplete_request_is_explained(sandbox, missing):
    """Without an application, a state or a place to return to there is nothing to approve."""
    asked = {name: value for name, value in ASKED.items() if name != missing}
    answer = sandbox.client.get(CONSENT, params=asked)

    assert answer.status_code == 400
    assert "<form" not in answer.text


def test_the_page_shows_what_it_was_given_as_text(sandbox):
    """An application id is no HTML."""
    page = sandbox.client.get(CONSENT, params=ASKED | {"application_id": "<script>"})

    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


REFUSED = [
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"client_secret": "wrong"}, 401, "invalid_client"),
    ({"refresh_token": "Atzr|revoked"}, 400, "invalid_grant"),
    ({"refresh_token": "nonsense"}, 400, "invalid_grant"),
    ({"refresh_token": "Atzr|foreign"}, 400, "unauthorized_client"),
    ({"scope": "sellingpartnerapi::notifications"}, 400, "invalid_request"),
    ({"grant_type": "client_credentials", "scope": "everything"}, 400, "invalid_scope"),
    ({"grant_type": "client_credentials"}, 400, "invalid_request"),
    ({"grant_type": "authorization_code"}, 400, "invalid_request"),
    ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
]


@pytest.mark.parametrize(("changes", "status", "error"), REFUSED)
def test_login_with_amazon_refuses_in_its_own_shape(sandbox, changes, status, error):
    """Its errors are not those of the Selling Partner API."""
    answer = sandbox.exchange(**changes)

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error


def test_a_token_without_a_seller_opens_grantless_operations_only(sandbox):
    """Its scope decides, and a seller's token does not fit there."""
    scope = "sellingpartnerapi::notifications"
    answer = sandbox.exchange(grant_type="client_credentials", scope=scope, refresh_token="")
    free = answer.json()["access_token"]
    other = sandbox.exchange(
        grant_type="client_credentials",
        scope="sellingpartnerapi::client_credential:rotation",
        refresh_token="",
    ).json()["access_token"]

    assert "refresh_token" not in answer.json()
    assert sandbox.get("/notifications/v1/destinations", free).status_code == 200
    assert sandbox.get("/notifications/v1/destinations", other).status_code == 403
    assert sandbox.get("/notifications/v1/destinations").status_code == 403
    assert sandbox.get(SELLERS, free).status_code == 403

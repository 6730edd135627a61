"""Signatures of webhooks: as the library of the specification and our own example verify them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from recoup.clock import utc_now
from recoup.notifications.signing import new_signing_secret, signed_headers

PAGE = Path(__file__).parents[3] / "docs" / "notifications.md"
BODY = b'{"type":"sync.ended"}'
Verify = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture
def verify() -> Verify:
    """The function of docs/notifications.md, exactly as it is written there."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Verify] = {}
    exec(code, names)
    return names["verify"]


def test_the_example_of_the_page_verifies_a_message(verify: Verify) -> None:
    """And refuses another body, another secret and an old message."""
    secret = new_signing_secret()
    headers = signed_headers(BODY, message_id="msg_1", at=utc_now(), signed_with=[secret])
    old = signed_headers(
        BODY, message_id="msg_1", at=utc_now() - timedelta(minutes=6), signed_with=[secret]
    )

    assert verify(secret, headers, BODY)
    assert not verify(secret, headers, BODY + b" ")
    assert not verify(new_signing_secret(), headers, BODY)
    assert not verify(secret, {**headers, "webhook-id": "msg_2"}, BODY)
    assert not verify(secret, old, BODY)


def test_after_a_rotation_both_secrets_verify(verify: Verify) -> None:
    """Also for the library of the specification."""
    new, old = new_signing_secret(), new_signing_secret()
    headers = signed_headers(BODY, message_id="msg_1", at=utc_now(), signed_with=[new, old])

    for secret in (new, old):
        assert verify(secret, headers, BODY)
        assert Webhook(secret).verify(BODY, headers) == {"type": "sync.ended"}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_signing_secret()).verify(BODY, headers)

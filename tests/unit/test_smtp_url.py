"""The address of the mail server, and the sender."""

from __future__ import annotations

import pytest

from recoup.config import Settings, load_settings
from recoup.errors import ConfigurationError
from recoup.smtp_url import SmtpServer, read_smtp_url

GOOD = "smtps://post%40example.com:pass%2Fcanary@mail.example.com:8465"


def test_an_address_is_read_with_its_secrets_decoded() -> None:
    """And its `repr` has none of them."""
    server = read_smtp_url(GOOD)

    assert server == SmtpServer(
        "mail.example.com", 8465, is_tls=True, user="post@example.com", password="pass/canary"
    )
    assert "canary" not in repr(server)
    assert read_smtp_url("smtp://mail.example.com") == SmtpServer(
        "mail.example.com", 587, is_tls=False
    )


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example.com", "http://mail.example.com", "smtp://", "smtp://user@mail.example.com"),
        *("smtp://user:sec/ret@mail.example.com", "smtp://user:sec@ret@mail.example.com"),
        *("smtp://mail.example.com/secret", "smtp://mail.example.com:port", "smtp://a:secret@:25"),
    ],
)
def test_another_address_is_refused_in_one_line(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That names the setting, says how it is written, and quotes nothing of it."""
    monkeypatch.setenv("RECOUP_SMTP_URL", url)
    monkeypatch.setenv("RECOUP_MAIL_FROM", "recoup@example.com")
    with pytest.raises(ConfigurationError) as refused:
        load_settings()

    said = str(refused.value)
    assert said.startswith("RECOUP_SMTP_URL: ")
    assert "smtps://user:password@host:465" in said
    assert "\n" not in said
    assert "secret" not in said
    assert "sec" not in said.replace("RECOUP_SMTP_URL", "").replace("percent", "")


@pytest.mark.parametrize(
    "sender", ["recoup", "a@example.com, b@example.com", "a@example.com\nBcc: b@example.com", ""]
)
def test_another_sender_is_refused(sender: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address, and no second header."""
    monkeypatch.setenv("RECOUP_SMTP_URL", GOOD)
    monkeypatch.setenv("RECOUP_MAIL_FROM", sender)

    with pytest.raises(ConfigurationError, match="RECOUP_MAIL_FROM: "):
        load_settings()


@pytest.mark.parametrize("name", ["RECOUP_SMTP_URL", "RECOUP_MAIL_FROM"])
def test_server_and_sender_need_each_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either alone would silently send nothing."""
    monkeypatch.setenv(name, GOOD if name == "RECOUP_SMTP_URL" else "recoup@example.com")

    with pytest.raises(ConfigurationError, match="need each other"):
        load_settings()


def test_no_setting_shows_the_password() -> None:
    """Neither in its `repr` nor as text."""
    settings = Settings(smtp_url=GOOD, mail_from="recoup@example.com")  # type: ignore[arg-type] # as from the environment

    assert "canary" not in f"{settings!r} {settings}"

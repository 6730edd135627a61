"""Each demand of Amazon's Data Protection Policy has an answer that follows from the settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from recoup.cli.dpp import DemandAnswer, demands
from recoup.config import Settings
from recoup.ids import ConnectionId
from recoup.sync.retention.queries import Overdue

RETENTION = "non-personal data deleted within 18 months"
OLD = Overdue(ConnectionId("conn_1"), date(2024, 1, 1), is_held=False)


def _answers(settings: Settings, overdue: list[Overdue] | None = None) -> dict[str, DemandAnswer]:
    return {one.demand: one.answer for one in demands(settings, overdue or [])}


def test_what_only_the_operator_can_do_is_never_called_met(tmp_path: Path):
    """Logs, vulnerabilities, a contact and backups are outside of what recoup sees."""
    answers = _answers(Settings(data_dir=tmp_path))

    yours = {demand for demand, answer in answers.items() if answer is DemandAnswer.YOURS}
    assert len(yours) == 4
    assert "backups in another place" in yours


@pytest.mark.parametrize(
    ("public_url", "answer"),
    [
        ("http://127.0.0.1:8000", DemandAnswer.YES),
        ("http://recoup.example.com", DemandAnswer.NO),
        ("https://recoup.example.com", DemandAnswer.YOURS),
    ],
)
def test_an_address_without_tls_is_said(tmp_path: Path, public_url: str, answer: DemandAnswer):
    """What leaves the machine must be encrypted; who ends TLS decides its version."""
    assert (
        _answers(Settings(data_dir=tmp_path, public_url=public_url))["TLS 1.2 or newer"] is answer
    )


@pytest.mark.parametrize(
    ("months", "overdue", "answer"),
    [
        (18, [], DemandAnswer.YES),
        (19, [], DemandAnswer.NO),
        (18, [OLD], DemandAnswer.NO),
        (18, [replace(OLD, is_held=True)], DemandAnswer.YOURS),
        (18, [replace(OLD, is_held=True), OLD], DemandAnswer.NO),
        (18, None, DemandAnswer.YOURS),
    ],
)
def test_data_that_is_too_old_is_said(
    tmp_path: Path, months: int, overdue: list[Overdue] | None, answer: DemandAnswer
):
    """Met only if the setting allows no more, and no row is older; a legal hold is the owner's."""
    settings = Settings(data_dir=tmp_path, retention_months=months)
    found = next(one for one in demands(settings, overdue) if one.demand == RETENTION)

    assert found.answer is answer
    if overdue:
        assert "conn_1" in found.says
        assert "2024-01-01" in found.says


def test_a_key_beside_the_data_is_said(tmp_path: Path):
    """The generated key lies in the folder of the embedded database."""
    beside = _answers(Settings(data_dir=tmp_path))
    apart = _answers(Settings(data_dir=tmp_path, secret_keys="k" * 32))

    assert beside["keys apart from the data"] is DemandAnswer.NO
    assert apart["keys apart from the data"] is DemandAnswer.YES

"""The dashboard and the alerts in deploy/ name only what recoup has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from recoup.api.metrics import Metrics
from recoup.database_url import url_of_user
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.db.readers import ALL_WORKSPACES, drop_reader, make_reader

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "recoup.json").read_text(encoding="utf-8"))
ALERTS = (DEPLOY / "prometheus" / "recoup-alerts.yaml").read_text(encoding="utf-8")
# Prometheus' own, of whatever it scrapes.
ADDED = {"instance", "job", "le"}
_NAME = re.compile(r"\brecoup_[a-z_]+")
_LABELS = re.compile(r"(?:\bby \(([^)]*)\))|(?:\{([^{}]*)\})")


def targets() -> Iterator[dict[str, Any]]:
    for panel in DASHBOARD["panels"]:
        yield from panel["targets"]


EXPRESSIONS = [one["expr"] for one in targets() if "expr" in one]
QUERIES = [one["rawSql"] for one in targets() if "rawSql" in one]


def labels_of(expression: str) -> set[str]:
    """Labels by which an expression selects or groups."""
    found = set()
    for grouped, selected in _LABELS.findall(expression):
        parts = (part.strip() for part in (grouped or selected).split(","))
        found |= {re.split(r"[=!]", part)[0].strip() for part in parts if part}
    return found


async def test_each_metric_exists(database: Database):
    """By its name in /metrics, and with the labels that are asked for."""
    metrics = Metrics(worker_restarts=lambda: 0)
    metrics.requests.labels("GET", "/", "200").inc()
    metrics.seconds.labels("GET", "/").observe(0.1)
    text = (await metrics.render(database)).decode()
    # Families without a sample yet are there by their description.
    known = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    known |= set(re.findall(r"^(recoup_\w+)[{ ]", text, re.MULTILINE))
    labels = {"operation", "method"} | set(re.findall(r'[{,](\w+)="', text))

    named = {name for each in (*EXPRESSIONS, ALERTS) for name in _NAME.findall(each)}
    expressions = [line for line in ALERTS.splitlines() if "recoup_" in line and "#" not in line]

    assert named <= known, named - known
    asked = set().union(*map(labels_of, (*EXPRESSIONS, *expressions)))
    assert asked <= labels | ADDED, asked - labels
    assert len(named) >= 5


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_runs_as_a_reader(query: str, database_url: str, postgres: EmbeddedServer):
    """With the address that `recoup db url --read-only --all-workspaces` prints."""
    administrator = postgres.superuser_url(database_url.partition("@/")[2].partition("?")[0])
    with psycopg.connect(database_url, options="-c role=recoup_worker") as conn:
        conn.execute("insert into workspace (workspace_id, name) values ('w', 'w')")
        conn.execute(
            "insert into amazon_connection (connection_id, workspace_id, selling_partner_id, region, "
            "environment, status, marketplace_ids, authorized_at) "
            "values ('c', 'w', 'A1', 'NA', 'production', 'active', '{}', now())"
        )
        conn.execute(
            "insert into api_call values ('c', current_date, 'getOrders', 'GET', 3), "
            "('c', current_date, 'createReport', 'POST', 2)"
        )
    login = make_reader(administrator, ALL_WORKSPACES)
    try:
        with psycopg.connect(url_of_user(database_url, login.user, "")) as conn:
            assert conn.execute(query).fetchall() == [("c", "A1", "getOrders", 3)]
    finally:
        drop_reader(administrator, ALL_WORKSPACES)

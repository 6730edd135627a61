"""The examples of the documents run as they are written."""

from __future__ import annotations

from tests.docs.conftest import Workbench, blocks


def test_the_examples_of_the_client_run(workbench: Workbench) -> None:
    """docs/client.md, one block after another."""
    told = workbench.python("\n".join(blocks("client.md", "python")))

    assert "100 " in told
    assert "complete " in told
    assert "filed 15012345678" in told


def test_the_queries_of_your_data_run(workbench: Workbench) -> None:
    """docs/data.md with psql and the address that the command prints; something is owed."""
    address = workbench.shell(".venv/bin/recoup db url --read-only").strip()
    workbench.environ["DB"] = address

    described = workbench.shell("psql \"$DB\" -c '\\d+ v_claims'")
    rows = [
        workbench.shell(f'psql "$DB" -At -v ON_ERROR_STOP=1 -c "{query.strip()}"')
        for query in "".join(blocks("data.md", "sql")).split(";")
        if query.strip()
    ]

    assert "is_owed" in described
    assert "USD" in rows[0]
    assert "Shipment" in rows[1]
    assert len(rows) == 3


def test_the_export_of_your_data_runs(workbench: Workbench) -> None:
    """docs/data.md: Parquet of everything, CSV of two tables."""
    (script,) = [one for one in blocks("data.md", "sh") if "export export" in one]

    workbench.shell(script)

    names = {file.name for file in (workbench.folder / "export").iterdir()}
    assert {"ledger.parquet", "ledger.csv", "claim.csv", "orders.parquet"} <= names


def test_a_read_only_user_is_removed(workbench: Workbench) -> None:
    """`--revoke`: the address no longer works, and the log names the user and both steps."""
    address = workbench.shell(".venv/bin/recoup db url --read-only").strip()
    workbench.shell(".venv/bin/recoup db url --read-only --revoke")

    refused = workbench.shell(f'psql "{address}" -c "select 1" 2>&1 || echo refused')

    assert refused.strip().endswith("refused")
    told = workbench.shell(".venv/bin/recoup audit list --limit 2")
    assert told.count("recoup_reader_") == 2
    assert "reader_removed" in told
    assert "reader_made" in told

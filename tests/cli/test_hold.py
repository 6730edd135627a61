"""`recoup hold` and what `recoup doctor --dpp` says of data that is too old."""

from __future__ import annotations

import json

from tests.cli.programs import Recoup

RETENTION = "non-personal data deleted within 18 months"


def test_a_hold_is_set_listed_and_ended(recoup: Recoup):
    """With a reason each time; what is not there does not end, and both are in the audit log."""
    recoup.run("user", "add", "ann@example.com")
    assert "no legal hold" in recoup.run("hold", "list").stdout
    assert recoup.run("hold", "set", "--reason", " ").code == 2
    assert recoup.run("hold", "set", "--reason", "a suit").code == 0
    (held,) = json.loads(recoup.run("hold", "list", "--json").stdout)
    assert (held["connectionId"], held["reason"]) == (None, "a suit")

    assert recoup.run("hold", "end", "--reason", "settled").code == 0
    again = recoup.run("hold", "end", "--reason", "settled")
    assert (again.code, "no such legal hold" in again.stderr) == (1, True)
    told = json.loads(recoup.run("audit", "list", "--json").stdout)
    assert {"legal_hold_set", "legal_hold_ended"} <= {one["action"] for one in told}


def test_the_doctor_looks_into_the_database(recoup: Recoup):
    """Nothing is too old in a new one."""
    done = recoup.run("doctor", "--dpp", "--json")
    found = {one["demand"]: one for one in json.loads(done.stdout)["demands"]}

    assert found[RETENTION]["answer"] == "yes", found[RETENTION]

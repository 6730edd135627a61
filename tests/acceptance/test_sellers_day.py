"""A seller's day: sync, file, hear from Amazon, be paid, be denied, and lose a payment again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx2

from tests.acceptance.stack import Stack

DENIAL = "Hello,\n\nWe reviewed your claim and found that the return was received.\n\nRegards"


class Day:
    """The seller at the API, and Amazon behind the sandbox."""

    def __init__(self, stack: Stack, http: httpx2.Client) -> None:
        self._stack = stack
        self.http = http

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def patch(self, claim: Mapping[str, Any], **said: Any) -> dict[str, Any]:
        answer = self.http.patch(f"/api/recoveries/{claim['claimId']}", json=said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        return self.get(f"/api/recoveries/{claim['claimId']}")

    def passes(self) -> None:
        """A day of Amazon's."""
        clock = httpx2.post(self._stack.sandbox_url + "/_sandbox/clock", json={"advance": "P1D"})
        assert clock.status_code == 200

    def sync(self) -> None:
        assert self.http.post("/api/sync/start").status_code == 200
        self._stack.finish()

    def enter_costs(self) -> None:
        """Those of the seller's invoices, which no API contains."""
        truth = httpx2.get(self._stack.sandbox_url + "/_sandbox/truth").json()
        costs = [
            {name: one[name] for name in ("sku", "cost", "currency")} | {"validFrom": "2025-01-01"}
            for one in truth["sourcingCosts"]
        ]
        self.http.put("/api/sourcing-costs", json={"items": costs}).raise_for_status()
        self.http.post("/api/recoveries/detect").raise_for_status()

    def amazon_pays(self, **payment: Any) -> dict[str, Any]:
        answer = httpx2.post(self._stack.sandbox_url + "/_sandbox/payments", json=payment)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reported(self, ids: Sequence[str]) -> Decimal:
        """What the rows of the reimbursements report with these ids come to."""
        rows = self.get("/api/reimbursements", limit=500)["items"]
        return sum(
            (
                Decimal(one["amountTotal"]["amount"])
                for one in rows
                if one["reimbursementId"] in ids
            ),
            Decimal(0),
        )


def first(claims: Sequence[dict[str, Any]], claim_type: str) -> dict[str, Any]:
    return next(one for one in claims if one["type"] == claim_type)


def dollars(totals: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(one["amount"]) for one in totals["byCurrency"]), Decimal(0))


def choose(ready: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The claim that Amazon pays by itself, and the twelve that are filed, the eventful ones first."""
    by_itself = first(ready, "damaged_in_warehouse")
    kinds = (
        "return_damaged_by_amazon",
        "refund_overpaid",
        "customer_return_missing",
        "lost_in_warehouse",
    )
    named = [first(ready, kind) for kind in kinds]
    others = [one for one in ready if one not in named and one["type"] != by_itself["type"]]
    return by_itself, [*named, *others[:8]]


def file(day: Day, filed: Sequence[dict[str, Any]]) -> list[str]:
    """Each with its pack, under the pack's own case, as it was read. Returns the case ids."""
    packs = [
        day.get(f"/api/packs/{one['packId']}") for one in day.get("/api/packs", limit=500)["items"]
    ]
    pack_of = {one["claimId"]: pack for pack in packs for one in pack["items"]}
    cases: dict[str, str] = {}
    for claim in filed:
        pack = pack_of[claim["claimId"]]
        if pack["packId"] not in cases:
            cases[pack["packId"]] = str(15_000_000_000 + len(cases))
            as_read = {one["claimId"]: one["version"] for one in pack["items"]}
            body = {"caseId": cases[pack["packId"]], "claims": as_read}
            answer = day.http.post(f"/api/packs/{pack['packId']}/filed", json=body)
            assert answer.status_code == 200, answer.text
        told = day.read(claim)
        assert (told["status"], told["stage"]) == ("filed", "filed")
        assert told["caseId"] == cases[pack["packId"]]
        assert told["filedOn"] == told["filedAt"][:10]
        assert told["nextAction"]["action"] == "wait_for_answer"
    return [cases[pack_of[claim["claimId"]]["packId"]] for claim in filed]


def deny(day: Day, claim: dict[str, Any]) -> None:
    """Amazon's answer is kept as it is, and the appeal is there to paste."""
    answer = {"text": DENIAL, "reason": "return_received"}
    told = day.patch(claim, stage="denied", response=answer)
    assert (told["status"], told["stage"]) == ("rejected", "denied")
    assert told["responses"][0]["text"] == DENIAL
    assert told["texts"][0]["kind"] == "appeal"
    assert day.patch(claim, stage="appealed")["status"] == "filed"


def test_a_sellers_day(stack: Stack) -> None:
    """Twelve claims filed; what the month recovered is what the report says, to the cent."""
    url = stack.api()
    stack.worker()
    with stack.http(url) as http:
        day = Day(stack, http)
        day.sync()
        day.enter_costs()
        ready = day.get("/api/recoveries", stage="ready", sort="deadline", evidence=False)["items"]
        by_itself, filed = choose(ready)
        paid, in_part, denied, reversed_, *_ = filed
        cases = file(day, filed)
        deny(day, denied)

        day.passes()
        whole = paid["amount"]["amount"]
        order = {"sku": paid["sku"], "orderId": paid["orderId"], "reason": "CustomerReturn"}
        answers = [day.amazon_pays(caseId=cases[0], amount=whole, **order)]
        order = {"sku": in_part["sku"], "orderId": in_part["orderId"]}
        part = {"amount": "7.31", "reason": "CustomerServiceIssue"}
        answers.append(day.amazon_pays(caseId=cases[1], **part, **order))
        units = reversed_["quantity"]
        whole_loss = {
            "sku": reversed_["sku"],
            "units": units,
            "amount": str(units * Decimal("5.55")),
        }
        answers.append(day.amazon_pays(caseId=cases[3], **whole_loss))
        unasked = {"sku": by_itself["sku"], "amount": "6.66", "reason": "Damaged_Warehouse"}
        own = day.amazon_pays(**unasked)
        day.sync()

        stages = [day.read(one)["stage"] for one in filed]
        assert stages == ["paid", "paid_in_part", "appealed", "paid", *["filed"] * 8]
        assert day.read(paid)["paidAmount"] == paid["amount"]
        assert day.read(in_part)["paidAmount"] == {"amount": "7.31", "currency": "USD"}
        untouched = day.read(by_itself)
        assert (untouched["stage"], untouched["status"]) == ("paid_by_itself", "withdrawn")
        assert [one["recovered"] for one in untouched["payments"]] == [False]

        day.passes()
        answers.append(day.amazon_pays(reverses=answers[2]["reimbursementId"]))
        day.sync()

        reopened = day.read(reversed_)
        assert (reopened["stage"], reopened["status"]) == ("waiting", "filed")
        assert reopened["nextAction"]["action"] == "dispute_reversal"
        entry = next(e for e in reopened["history"] if e["why"].startswith("Reopened"))
        assert entry["who"] == "recoup"
        assert answers[3]["reimbursementId"] in entry["why"]
        require_the_money(day, answers, own, Decimal(whole) + Decimal("7.31"))


def require_the_money(
    day: Day, answers: Sequence[dict[str, Any]], own: dict[str, Any], expected: Decimal
) -> None:
    """By the report and in the figures; what Amazon paid by itself is no success."""
    metrics = day.get("/api/metrics/recoveries")
    by_month: defaultdict[str, list[str]] = defaultdict(list)
    for one in answers:
        by_month[one["approvedAt"][:7]].append(one["reimbursementId"])
    assert day.reported([one["reimbursementId"] for one in answers]) == expected
    assert dollars(metrics["recovered"]) == expected
    figures = {one["month"]: one for one in metrics["byMonth"]}
    for month, ids in by_month.items():
        assert dollars(figures[month]["recovered"]) == day.reported(ids)
    assert day.reported([own["reimbursementId"]]) == Decimal("6.66")
    assert dollars(metrics["paidByItself"]) >= Decimal("6.66")
    listed = day.get("/api/recoveries", recovered=True, evidence=False)
    assert dollars(listed["totals"]["paid"]) == expected
    assert metrics["approved"]["claimCount"] == 1
    assert metrics["successRate"] == 1.0

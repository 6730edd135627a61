"""A seller's day: sync, file, hear from Amazon, be paid, be denied, and lose a payment again.

What a person does is done on the page, in a browser; the rest is read over the API.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.acceptance.stack import Stack, running_stack
from tests.browser.shop import PATIENCE_MS
from tests.support.chromium import OPTIONS, find_chromium

DENIAL = "Hello,\n\nWe reviewed your claim and found that the return was received.\n\nRegards"
expect.set_options(timeout=PATIENCE_MS)
EARLY = "damaged_in_warehouse"
PLANTED = (
    *("lost_in_warehouse", f"{EARLY}:early"),
    *["lost_in_warehouse"] * 3,
    *["refund_fee_not_credited"] * 5,
    *("return_damaged_by_amazon", "refund_overpaid", "customer_return_missing"),
)
"""What happened to the seller. Small claims of a kind and a month are filed together."""


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    with running_stack(database_url, tmp_path, orders=300, speed=2000, claims=PLANTED) as stack:
        stack.connect()
        yield stack


class Day:
    """The seller at the API, and Amazon behind the sandbox."""

    def __init__(self, stack: Stack, http: httpx2.Client) -> None:
        self._stack = stack
        self.http = http

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def read(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        return self.get(f"/api/recoveries/{claim['claimId']}")

    def truth(self) -> dict[str, Any]:
        return httpx2.get(self._stack.sandbox_url + "/_sandbox/truth").json()

    def passes(self) -> None:
        """A day of Amazon's."""
        clock = httpx2.post(self._stack.sandbox_url + "/_sandbox/clock", json={"advance": "P1D"})
        assert clock.status_code == 200

    def sync(self) -> None:
        assert self.http.post("/api/sync/start").status_code == 200
        self._stack.finish()

    def enter_costs(self) -> None:
        """Those of the seller's invoices, which no API contains."""
        costs = [
            {name: one[name] for name in ("sku", "cost", "currency")} | {"validFrom": "2025-01-01"}
            for one in self.truth()["sourcingCosts"]
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


class Desk:
    """The same seller in a browser; no step leaves a trouble in its console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda message: self.troubles.append(message.text) if message.type == "error" else None,
        )

    def sign_in(self, link: str) -> None:
        self.page.goto(link)
        self.page.get_by_role("button", name="Sign in as").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def file(self, pack: Mapping[str, Any], case_id: str) -> None:
        """Opens the pack in the list, and records the case."""
        self.page.goto("/#/packs")
        self.page.get_by_role("link", name=pack["title"]).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(pack["title"])
        self.page.get_by_label("Case id").fill(case_id)
        self.page.get_by_role("button", name="I filed it").click()
        count = pack["claimCount"]
        claims = "1 claim" if count == 1 else f"{count} claims"
        expect(self.page.get_by_text(f"{claims} filed under case {case_id}.").first).to_be_visible()

    def enter_denial(self, claim: Mapping[str, Any]) -> None:
        """Amazon's refusal, word for word."""
        self.page.goto(f"/#/claims/{claim['claimId']}")
        decision = self.page.get_by_label("Decision")
        decision.get_by_role("button", name="Enter Amazon's answer").click()
        form = self.page.get_by_role("form", name="Amazon's answer")
        form.get_by_label("Outcome").select_option("Denied")
        form.get_by_label("Amazon's reason").select_option(value="return_received")
        form.get_by_label("Amazon's answer, word for word").fill(DENIAL)
        form.get_by_role("button", name="Save answer").click()
        expect(decision.locator(".badge").first).to_have_text("Denied")

    def appeal(self) -> None:
        """With the text that is there to paste."""
        decision = self.page.get_by_label("Decision")
        text = self.page.get_by_role("region", name="Text for Amazon")
        expect(text).to_contain_text("I ask you to review your decision")
        decision.get_by_role("button", name="I have appealed").click()
        expect(decision.locator(".badge").first).to_have_text("Appealed")

    def see_recovered(self, expected: Decimal) -> None:
        """The overview's own figure."""
        self.page.goto("/")
        tile = self.page.locator("section.card", has_text="Recovered").first
        expect(tile.locator(".tile-value")).to_have_text(f"${expected}")
        expect(tile).to_contain_text("1 paid by Amazon without a case")


@pytest.fixture
def page_at() -> Iterator[Callable[[str], Page]]:
    """Opens a page of a browser whose addresses begin with the one that is given."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        yield lambda url: browser.new_page(base_url=url)
        browser.close()


def first(claims: Sequence[dict[str, Any]], claim_type: str) -> dict[str, Any]:
    return next(one for one in claims if one["type"] == claim_type)


def dollars(totals: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(one["amount"]) for one in totals["byCurrency"]), Decimal(0))


def read_ready(day: Day) -> list[dict[str, Any]]:
    """The claims that can be filed: all that were planted, and no others."""
    ready: list[dict[str, Any]] = day.get(
        "/api/recoveries", stage="ready", sort="deadline", evidence=False
    )["items"]
    planted = [one for one in day.truth()["claims"] if one["type"] != EARLY]
    assert Counter(map(identity, ready)) == Counter(map(identity, planted))
    assert len(ready) == 12
    return ready


def identity(claim: Mapping[str, Any]) -> tuple[Any, ...]:
    """Of a claim, and of a planted one."""
    key = claim["key"]
    amount = claim["amount"]
    worth = amount if isinstance(amount, str) else amount["amount"]
    return claim["type"], key.get("orderId"), key["sku"], claim["quantity"], worth


def file_all(day: Day, desk: Desk) -> dict[str, str]:
    """Each pack under a case of its own. The case of each claim."""
    packs = [
        day.get(f"/api/packs/{one['packId']}") for one in day.get("/api/packs", limit=500)["items"]
    ]
    assert len(packs) == 5
    # Large ones alone, small ones of a kind together.
    assert Counter({one["type"]: one["claimCount"] for one in packs}) == Counter(
        one for one in PLANTED if not one.startswith(EARLY)
    )
    case_of: dict[str, str] = {}
    for number, pack in enumerate(packs):
        case_id = str(15_000_000_000 + number)
        desk.file(pack, case_id)
        for item in pack["items"]:
            case_of[item["claimId"]] = case_id
            told = day.read(item)
            assert (told["status"], told["stage"], told["caseId"]) == ("filed", "filed", case_id)
            assert told["filedOn"] == told["filedAt"][:10]
            assert told["nextAction"]["action"] == "wait_for_answer"
    assert len(case_of) == 12
    assert day.get("/api/packs")["items"] == []
    return case_of


def deny_and_appeal(day: Day, desk: Desk, claim: dict[str, Any]) -> None:
    """Amazon's answer is kept as it is, and the appeal is there to paste."""
    desk.enter_denial(claim)
    told = day.read(claim)
    assert (told["status"], told["stage"]) == ("rejected", "denied")
    (response,) = told["responses"]
    assert (response["text"], response["reason"]) == (DENIAL, "return_received")
    assert told["texts"][0]["kind"] == "appeal"
    desk.appeal()
    told = day.read(claim)
    assert (told["status"], told["stage"]) == ("filed", "appealed")


@dataclass(frozen=True)
class Roles:
    """The claims to which something happens after the filing; to the others nothing does."""

    paid: dict[str, Any]
    in_part: dict[str, Any]
    denied: dict[str, Any]
    reversed: dict[str, Any]
    by_itself: dict[str, Any]


def cast(day: Day, ready: Sequence[dict[str, Any]]) -> Roles:
    (by_itself,) = day.get("/api/recoveries", type=EARLY)["items"]
    assert (by_itself["stage"], by_itself["windowState"]) == ("found", "wait")
    return Roles(
        paid=first(ready, "return_damaged_by_amazon"),
        in_part=first(ready, "refund_overpaid"),
        denied=first(ready, "customer_return_missing"),
        reversed=first(ready, "lost_in_warehouse"),
        by_itself=by_itself,
    )


def amazon_answers(day: Day, roles: Roles, case_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Pays one claim, one in part, one that it will take back; and one that nobody has filed."""

    def pay(claim: dict[str, Any], amount: str, reason: str, **how: Any) -> dict[str, Any]:
        case = {"caseId": case_of[claim["claimId"]]} if claim["claimId"] in case_of else {}
        order = {"orderId": claim["orderId"]} if claim["orderId"] else {}
        return day.amazon_pays(
            sku=claim["sku"], amount=amount, reason=reason, **case, **order, **how
        )

    lost, damaged = roles.reversed["quantity"], roles.by_itself["quantity"]
    return [
        pay(roles.paid, roles.paid["amount"]["amount"], "CustomerReturn"),
        pay(roles.in_part, "7.31", "CustomerServiceIssue"),
        pay(roles.reversed, str(lost * Decimal("5.55")), "Lost_Warehouse", units=lost),
        pay(roles.by_itself, str(damaged * Decimal("6.66")), "Damaged_Warehouse", units=damaged),
    ]


def require_answered(day: Day, roles: Roles, ready: Sequence[dict[str, Any]]) -> None:
    """Each answer is for its own claim, also where a case is about several."""
    answered = (roles.paid, roles.in_part, roles.denied, roles.reversed)
    stages = [day.read(one)["stage"] for one in answered]
    assert stages == ["paid", "paid_in_part", "appealed", "paid"]
    others = [day.read(one) for one in ready if one not in answered]
    assert [(one["stage"], one["paidAmount"]) for one in others] == [("filed", None)] * 8
    assert day.read(roles.paid)["paidAmount"] == roles.paid["amount"]
    assert day.read(roles.in_part)["paidAmount"] == {"amount": "7.31", "currency": "USD"}
    untouched = day.read(roles.by_itself)
    assert (untouched["stage"], untouched["status"]) == ("paid_by_itself", "withdrawn")
    assert [one["recovered"] for one in untouched["payments"]] == [False]


def require_reopened(day: Day, claim: dict[str, Any], reversal: dict[str, Any]) -> None:
    reopened = day.read(claim)
    assert (reopened["stage"], reopened["status"]) == ("waiting", "filed")
    assert reopened["nextAction"]["action"] == "dispute_reversal"
    entry = next(e for e in reopened["history"] if e["why"].startswith("Reopened"))
    assert entry["who"] == "recoup"
    assert reversal["reimbursementId"] in entry["why"]


def test_a_sellers_day(stack: Stack, page_at: Callable[[str], Page]) -> None:
    """Twelve claims filed in five packs; what the month recovered is what the report says, to the cent."""
    url = stack.api()
    stack.worker()
    desk = Desk(page_at(url))
    opened = stack.recoup.run("open", "--no-browser", RECOUP_PUBLIC_URL=url)
    desk.sign_in(opened.stdout.strip())
    with stack.http(url) as http:
        day = Day(stack, http)
        day.sync()
        day.enter_costs()
        ready = read_ready(day)
        roles = cast(day, ready)
        case_of = file_all(day, desk)
        deny_and_appeal(day, desk, roles.denied)

        day.passes()
        *answers, own = amazon_answers(day, roles, case_of)
        day.sync()
        require_answered(day, roles, ready)

        day.passes()
        reversal = day.amazon_pays(reverses=answers[-1]["reimbursementId"])
        day.sync()
        require_reopened(day, roles.reversed, reversal)

        expected = Decimal(roles.paid["amount"]["amount"]) + Decimal("7.31")
        require_the_money(day, [*answers, reversal], own, expected)
        desk.see_recovered(expected)
    assert desk.troubles == []


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
    assert day.reported([own["reimbursementId"]]) == dollars(metrics["paidByItself"])
    assert metrics["paidByItself"]["claimCount"] == 1
    listed = day.get("/api/recoveries", recovered=True, evidence=False)
    assert dollars(listed["totals"]["paid"]) == expected
    assert metrics["approved"]["claimCount"] == 1
    assert metrics["successRate"] == 1.0

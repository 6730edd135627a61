"""A claim as frontends, the command line and exports see it (contract: a claim). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from recoup.claims.lifecycle import days_left, possible_steps, review_of, window_state
from recoup.claims.policy_body import policy_body
from recoup.claims.queries import ClaimRow, Total
from recoup.claims.rules import all_rules
from recoup.clock import to_rfc3339
from recoup.money import Money

_CENT = Decimal("0.01")


def claim_body(row: ClaimRow) -> dict[str, Any]:
    """One entry of GET /api/recoveries."""
    today: date = row["today_on"]
    amount = None if row["amount"] is None else _money(row["amount"], row["currency"])
    return {
        "claimId": row["claim_id"],
        "type": row["type"],
        "title": title_of(row["type"]),
        "key": row["key"],
        "status": row["status"],
        "windowState": window_state(row["fileable_from"], row["deadline"], today).value,
        "connectionId": row["connection_id"],
        "marketplaceId": row["marketplace_id"],
        "sku": row["sku"],
        "fnsku": row["fnsku"],
        "asin": row["asin"],
        "orderId": row["order_id"],
        "quantity": row["quantity"],
        "amount": amount,
        "amountBasis": row["amount_basis"],
        "amountMissing": row["amount_missing"],
        "confidence": float(row["confidence"]),
        "confidenceParts": row["confidence_parts"],
        "review": review_of(row["confidence"]).value,
        "eventDate": row["event_on"].isoformat(),
        "fileableFrom": _day(row["fileable_from"]),
        "deadline": _day(row["deadline"]),
        "windowNote": row["window_note"],
        "daysLeft": days_left(row["deadline"], today),
        "reason": row["reason"],
        "evidence": row["evidence"],
        "policyVersion": row["policy_version"],
        "ruleVersion": row["rule_version"],
        "asOf": row["as_of"].isoformat(),
        "detectedAt": to_rfc3339(row["detected_at"]),
        "confirmedAt": to_rfc3339(row["confirmed_at"]),
        "syncId": row["sync_id"],
        "caseId": row["case_id"],
        "note": row["note"],
        "arrived": row["arrived"],
        "filedAt": None if row["filed_at"] is None else to_rfc3339(row["filed_at"]),
    }


def claim_detail(
    row: ClaimRow, history: Iterable[ClaimRow], allocations: Iterable[ClaimRow]
) -> dict[str, Any]:
    """GET /api/recoveries/{claimId}: with what became of it, what settled units, what it rests on."""
    rules = {rule.type.value: rule for rule in all_rules()}
    rule = rules.get(row["type"])
    return {
        **claim_body(row),
        "possibleSteps": [step.value for step in possible_steps(row["status"])],
        "history": [_history_entry(entry) for entry in history],
        "allocation": [dict(entry) for entry in allocations],
        "policy": policy_body(row, rule),
        "documents": [] if rule is None else list(rule.documents),
    }


def title_of(claim_type: str) -> str:
    """The type in words."""
    titles = {rule.type.value: rule.title for rule in all_rules()}
    return titles.get(claim_type, claim_type.replace("_", " ").capitalize())


def totals_body(totals: Iterable[Total]) -> dict[str, Any]:
    """All claims of a selection. `unvaluedCount` of them have no known amount."""
    totals = list(totals)
    return {
        "claimCount": sum(total.claim_count for total in totals),
        "unvaluedCount": sum(t.claim_count for t in totals if t.amount is None),
        "byCurrency": [
            _money(total.amount, total.currency) | {"claimCount": total.claim_count}
            for total in totals
            if total.amount is not None and total.currency is not None
        ],
    }


def _history_entry(entry: ClaimRow) -> dict[str, Any]:
    changes: Mapping[str, Any] = entry["changes"]
    return {
        "at": to_rfc3339(entry["at"]),
        "who": entry["who"],
        "fromStatus": entry["from_status"],
        "toStatus": entry["to_status"],
        "why": entry["why"],
        "changes": dict(changes),
    }


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    """Without the zeros that a division in SQL leaves behind; not a digit that counts is lost."""
    cents = amount.quantize(_CENT)
    return Money(cents if cents == amount else amount.normalize(), currency).as_json()


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()

"""The words of the mail of a day, as text and as HTML. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from recoup.claims.bodies.totals import Totals, totals_body
from recoup.claims.reading.deadlines import Due
from recoup.ids import ConnectionId
from recoup.notifications.mail_queries import Item
from recoup.notifications.words import NotificationKind
from recoup.outgoing.smtp import Mail
from recoup.sync.notify_claims import deadlines_link

_MOST_LINES = 5
"""Of a kind and an account: a page shows the rest."""


@dataclass(frozen=True, slots=True)
class AccountNews:
    """What is new of an account. due: the closest deadlines first; others: in the order of time."""

    workspace_name: str
    connection_id: ConnectionId
    account: str
    due: tuple[Due, ...]
    others: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a mail, and the page behind it."""

    text: str
    link: str | None = None


def digest_mail(news: Sequence[AccountNews], *, to: str, digest_id: str, url: str) -> Mail:
    """One mail for all accounts and workspaces of a person."""
    sections = [(_title(one, news), list(_lines(one, url))) for one in news]
    settings = f"{url}/#/settings/notifications"
    return Mail(
        to=to,
        subject=_subject(news),
        text=_text(sections, settings),
        html=_html(sections, settings),
        message_id=digest_id,
    )


def _subject(news: Sequence[AccountNews]) -> str:
    """Nothing that others have named: a subject is shown on locked screens."""
    due = [one for account in news for one in account.due]
    if not due:
        return "recoup: news of your Amazon accounts"
    count = sum(total.claim_count for one in due for total in one.totals)
    days = min(one.mark for one in due)
    return f"recoup: {_claims(count)} to file, the first within {_days(days)}"


def _title(one: AccountNews, news: Sequence[AccountNews]) -> str:
    several = len({account.workspace_name for account in news}) > 1
    return f"{one.workspace_name}: {one.account}" if several else one.account


def _lines(news: AccountNews, url: str) -> Iterator[Line]:
    for one in news.due:
        yield Line(
            f"To file within {_days(one.mark)}, by {one.first_deadline}: {_totals(one)}",
            f"{url}{deadlines_link(news.connection_id, one.mark)}",
        )
    for kind in NotificationKind:
        of_kind = [item for item in news.others if item.kind is kind]
        for item in of_kind[-_MOST_LINES:]:
            link = item.data.get("link")
            yield Line(_say(item), f"{url}{link}" if link else None)
        if len(of_kind) > _MOST_LINES:
            yield Line(f"... and {len(of_kind) - _MOST_LINES} more of this kind")


def _say(item: Item) -> str:
    data, at = item.data, f"{item.created_at:%Y-%m-%d %H:%M} UTC"
    match item.kind:
        case NotificationKind.SYNC_ENDED:
            return f"{at}: {data['message']}"
        case NotificationKind.CLAIM_FOUND:
            return f"{at}: {_told_totals(data)} found"
        case NotificationKind.CLAIM_PAID:
            # A notification from before an upgrade has no sum that was paid.
            paid = _told_amounts(data["paid"]) if "paid" in data else ""
            return (
                f"{at}: Amazon paid {paid}for {_told_totals(data['claimed'], claimed=' claimed')}"
            )
        case NotificationKind.REAUTHORIZATION_REQUIRED:
            reason = f": {data['reason']}" if data.get("reason") else ""
            return f"{at}: Amazon requires your authorization again{reason}"
        case NotificationKind.CLAIM_DEADLINE_NEAR:
            return f"{at}: deadlines are near"


def _totals(due: Due) -> str:
    return _say_totals(totals_body(due.totals))


def _told_totals(data: dict[str, Any], *, claimed: str = "") -> str:
    return _say_totals(_totals_of(data), claimed)


def _told_amounts(data: dict[str, Any]) -> str:
    """The sums alone; nothing where units were given back instead of money."""
    amounts = _amounts(_totals_of(data))
    return f"{' and '.join(amounts)} " if amounts else ""


def _totals_of(data: dict[str, Any]) -> Totals:
    names = ("claimCount", "unvaluedCount", "byCurrency")
    return Totals.model_validate({name: data[name] for name in names})


def _amounts(totals: Totals) -> list[str]:
    """A sum for each currency, never one of all."""
    return [f"{one.amount:,f} {one.currency}" for one in totals.by_currency]


def _say_totals(totals: Totals, claimed: str = "") -> str:
    """What has no known amount is counted apart."""
    amounts = _amounts(totals)
    if totals.unvalued_count:
        amounts.append(f"{totals.unvalued_count:,} without a known amount")
    return f"{_claims(totals.claim_count)} ({', '.join(amounts)}{claimed})"


def _claims(count: int) -> str:
    return f"{count:,} claim" if count == 1 else f"{count:,} claims"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


Section = tuple[str, list[Line]]


def _text(sections: Iterable[Section], settings: str) -> str:
    parts = []
    for title, lines in sections:
        shown = [f"- {line.text}" + (f"\n  {line.link}" if line.link else "") for line in lines]
        parts.append("\n".join([title, "", *shown]))
    parts.append(f"Which mails you receive, and when: {settings}")
    return "\n\n".join(parts) + "\n"


def _html(sections: Iterable[Section], settings: str) -> str:
    parts = []
    for title, lines in sections:
        shown = "".join(f"<li>{_html_line(line)}</li>" for line in lines)
        parts.append(f"<h2>{escape(title)}</h2><ul>{shown}</ul>")
    end = f'<p><a href="{escape(settings)}">Which mails you receive, and when</a></p>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>recoup</title></head>'
        f"<body>{''.join(parts)}{end}</body></html>"
    )


def _html_line(line: Line) -> str:
    text = escape(line.text)
    return f'<a href="{escape(line.link)}">{text}</a>' if line.link else text

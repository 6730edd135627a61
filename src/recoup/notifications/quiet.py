"""When a person may be sent a mail: once a local day, and not in quiet hours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class MailTimes:
    """Minutes of the local day. Quiet hours are half-open and may go over midnight; None: none."""

    time_zone: str = "UTC"
    send_at_minute: int = 8 * 60
    quiet_from_minute: int | None = None
    quiet_to_minute: int | None = None

    def day_of(self, now: datetime) -> date:
        """The local day whose mail is the last one that was due: its time of sending is not later."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        begun = _minute(local) >= self.send_at_minute
        return local.date() if begun else local.date() - timedelta(days=1)

    def moment_of(self, day: date) -> datetime:
        """When the mail of a local day is due, in UTC: it reports what happened before."""
        return self._at(day, self.send_at_minute)

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end, in UTC; None outside of them."""
        start, end = self.quiet_from_minute, self.quiet_to_minute
        if start is None or end is None:
            return None
        local = now.astimezone(ZoneInfo(self.time_zone))
        minute = _minute(local)
        if (minute - start) % _DAY_MINUTES >= (end - start) % _DAY_MINUTES:
            return None
        ends_on = local.date() + timedelta(days=1 if end <= minute else 0)
        return self._at(ends_on, end)

    def _at(self, day: date, minute: int) -> datetime:
        local = datetime.combine(
            day, time(minute // 60, minute % 60), tzinfo=ZoneInfo(self.time_zone)
        )
        return local.astimezone(UTC)


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute


def minute_of(text: str) -> int:
    """`07:30` as a minute of the day. Raises ValueError."""
    hours, colon, minutes = text.partition(":")
    fits = colon and len(hours) == 2 and len(minutes) == 2 and (hours + minutes).isascii()
    if not fits or not (hours + minutes).isdigit() or int(hours) > 23 or int(minutes) > 59:
        raise ValueError("must be a time of the day such as 07:30")
    return int(hours) * 60 + int(minutes)


def time_of(minute: int) -> str:
    """A minute of the day as `07:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"

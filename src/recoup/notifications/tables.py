"""The tables of notifications, of webhooks with their deliveries, and of mails to people."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from recoup.db.metadata import METADATA
from recoup.db.words import one_of
from recoup.notifications.words import DeliveryStatus, DigestStatus, NotificationKind

_TIME = TIMESTAMP(timezone=True)
_KINDS = ", ".join(repr(kind.value) for kind in NotificationKind)
_ARE_KINDS = f"kinds <@ array[{_KINDS}]"


def _workspace(*, key: bool = False) -> Column[str]:
    key_of = ForeignKey("workspace.workspace_id", ondelete="CASCADE")
    return Column("workspace_id", Text, key_of, primary_key=key, nullable=False)


# Written in the transaction of what it reports, so neither is there without the other.
notification = Table(
    "notification",
    METADATA,
    Column("notification_id", Text, primary_key=True),
    _workspace(),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("kind", Text, nullable=False),
    # Ids, counts and amounts; `link` is an address below RECOUP_PUBLIC_URL.
    Column("data", JSONB, nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(one_of("kind", NotificationKind), name="kind"),
    Index("notification_workspace_id_created_at_idx", "workspace_id", "created_at"),
    Index("notification_connection_id_idx", "connection_id"),
)

webhook = Table(
    "webhook",
    METADATA,
    Column("webhook_id", Text, primary_key=True),
    _workspace(),
    Column("url", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    # After a rotation both sign for a day, so that a receiver can change it without a gap.
    Column("previous_secret_sealed", LargeBinary),
    Column("previous_secret_until", _TIME),
    Column("is_enabled", Boolean, nullable=False, server_default=text("true")),
    # Why recoup turned it off; null while it is on, and if a person turned it off.
    Column("disabled_why", Text),
    # Since when no delivery has succeeded; null after a success.
    Column("failing_since", _TIME),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(_ARE_KINDS, name="kinds"),
    CheckConstraint(
        "(previous_secret_sealed is null) = (previous_secret_until is null)", name="previous_secret"
    ),
    Index("webhook_workspace_id_idx", "workspace_id"),
)

webhook_delivery = Table(
    "webhook_delivery",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    _workspace(),
    Column(
        "webhook_id", Text, ForeignKey("webhook.webhook_id", ondelete="CASCADE"), nullable=False
    ),
    # Null for a test. A purge of the seller deletes both.
    Column("notification_id", Text, ForeignKey("notification.notification_id", ondelete="CASCADE")),
    # The header webhook-id: the same for each attempt, so that a receiver recognises a repeat.
    Column("message_id", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=DeliveryStatus.PENDING.value),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # While an attempt is made: when another worker may take it over.
    Column("next_attempt_at", _TIME, nullable=False, server_default=func.now()),
    Column("last_attempt_at", _TIME),
    Column("response_status", Integer),
    Column("response_excerpt", Text),
    Column("error", Text),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(one_of("status", DeliveryStatus), name="status"),
    Index("webhook_delivery_webhook_id_created_at_idx", "webhook_id", "created_at"),
    Index("webhook_delivery_notification_id_idx", "notification_id"),
    Index(
        "webhook_delivery_pending_idx",
        "next_attempt_at",
        postgresql_where=text(f"status = '{DeliveryStatus.PENDING}'"),
    ),
)

# What a person wants to be told of a workspace by mail.
mail_subscription = Table(
    "mail_subscription",
    METADATA,
    Column("workspace_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("kinds", ARRAY(Text), nullable=False),
    CheckConstraint(_ARE_KINDS, name="kinds"),
    ForeignKeyConstraint(
        ["workspace_id", "user_id"],
        ["workspace_member.workspace_id", "workspace_member.user_id"],
        name="mail_subscription_member_fkey",
        ondelete="CASCADE",
    ),
    Index("mail_subscription_user_id_idx", "user_id"),
)

# What a person's next mail is to report: deleted once a mail has.
mail_item = Table(
    "mail_item",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column(
        "notification_id",
        Text,
        ForeignKey("notification.notification_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("workspace_id", Text, nullable=False),
    # Whoever leaves the workspace, or wants no mails of it, is told nothing more of it.
    ForeignKeyConstraint(
        ["workspace_id", "user_id"],
        ["mail_subscription.workspace_id", "mail_subscription.user_id"],
        name="mail_item_subscription_fkey",
        ondelete="CASCADE",
    ),
    Index("mail_item_notification_id_idx", "notification_id"),
    Index("mail_item_workspace_id_user_id_idx", "workspace_id", "user_id"),
)

# When a person wants mails, whatever the workspace. Minutes are of the local day.
mail_preference = Table(
    "mail_preference",
    METADATA,
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), primary_key=True),
    Column("time_zone", Text, nullable=False),
    Column("send_at_minute", Integer, nullable=False),
    # Half-open, over midnight if the end is before the beginning. Null: none.
    Column("quiet_from_minute", Integer),
    Column("quiet_to_minute", Integer),
    CheckConstraint("send_at_minute between 0 and 1439", name="send_at"),
    CheckConstraint(
        "(quiet_from_minute is null) = (quiet_to_minute is null) "
        "and quiet_from_minute between 0 and 1439 and quiet_to_minute between 0 and 1439 "
        "and quiet_from_minute <> quiet_to_minute "
        "or quiet_from_minute is null and quiet_to_minute is null",
        name="quiet",
    ),
)

# One mail a day at most, guaranteed by the key.
mail_digest = Table(
    "mail_digest",
    METADATA,
    Column("digest_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("app_user.user_id", ondelete="CASCADE"), nullable=False),
    # The day of the person's calendar.
    Column("day", Date, nullable=False),
    Column("status", Text, nullable=False, server_default=DigestStatus.PENDING.value),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", _TIME, nullable=False, server_default=func.now()),
    Column("error", Text),
    Column("sent_at", _TIME),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    UniqueConstraint("user_id", "day", name="mail_digest_user_id_day_key"),
    CheckConstraint(one_of("status", DigestStatus), name="status"),
    Index(
        "mail_digest_pending_idx",
        "next_attempt_at",
        postgresql_where=text(f"status = '{DigestStatus.PENDING}'"),
    ),
)

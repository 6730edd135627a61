"""People and programs that use recoup, the workspaces they share, and what proves who they are.

Secrets are stored as hashes only: passwords by Argon2, random ones by SHA-256.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.metadata import METADATA
from recoup.db.words import one_of
from recoup.users.caller import CredentialKind
from recoup.users.roles import Role, Scope

_ROLES = one_of("role", Role)
_TIME = TIMESTAMP(timezone=True)


def _user(*, key: bool = False, nullable: bool = False) -> Column[str]:
    key_of = ForeignKey("app_user.user_id", ondelete="CASCADE")
    return Column("user_id", Text, key_of, primary_key=key, nullable=nullable)


def _workspace(*, key: bool = False, nullable: bool = False) -> Column[str]:
    key_of = ForeignKey("workspace.workspace_id", ondelete="CASCADE")
    return Column("workspace_id", Text, key_of, primary_key=key, nullable=nullable)


app_user = Table(
    "app_user",
    METADATA,
    Column("user_id", Text, primary_key=True),
    # None for a person of an identity provider that vouches for no address of its own.
    Column("email", Text, unique=True),
    Column("name", Text),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
)

workspace = Table(
    "workspace",
    METADATA,
    Column("workspace_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    # Why nothing of it may be deleted; null: no legal hold.
    Column("legal_hold", Text),
    Column("legal_hold_since", _TIME),
    CheckConstraint("(legal_hold is null) = (legal_hold_since is null)", name="legal_hold"),
)

workspace_member = Table(
    "workspace_member",
    METADATA,
    _workspace(key=True),
    _user(key=True),
    Column("role", Text, nullable=False),
    Column("since", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(_ROLES, name="role"),
    Index("workspace_member_user_id_idx", "user_id"),
)

# The newest row of a user counts; the earlier ones are kept so that none is used again soon.
user_password = Table(
    "user_password",
    METADATA,
    Column("password_id", BigInteger, Identity(always=True), primary_key=True),
    _user(),
    Column("hash", Text, nullable=False),
    Column("set_at", _TIME, nullable=False, server_default=func.now()),
    Index("user_password_user_id_password_id_idx", "user_id", "password_id"),
)

# Attempts at an address, whether or not a user has it: an answer must not tell one from the other.
sign_in_attempt = Table(
    "sign_in_attempt",
    METADATA,
    Column("address_digest", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", _TIME, nullable=False),
    Column("locked_until", _TIME),
    Index("sign_in_attempt_last_at_idx", "last_at"),
)

user_identity = Table(
    "user_identity",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _user(),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    Index("user_identity_user_id_idx", "user_id"),
)

credential = Table(
    "credential",
    METADATA,
    Column("credential_id", Text, primary_key=True),
    _user(),
    # A session's current workspace, or the only one that a token opens. None: no choice yet.
    _workspace(nullable=True),
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    # Which secret key signed it. None: not known, from before this was noted.
    Column("key_mark", LargeBinary),
    Column("label", Text),
    Column("user_agent", Text),
    Column("address", Text),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    Column("expires_at", _TIME, nullable=False),
    Column("last_used_at", _TIME),
    Column("revoked_at", _TIME),
    CheckConstraint(one_of("kind", CredentialKind), name="kind"),
    CheckConstraint(one_of("scope", Scope), name="scope"),
    Index("credential_user_id_created_at_idx", "user_id", "created_at"),
)

invitation = Table(
    "invitation",
    METADATA,
    Column("invitation_id", Text, primary_key=True),
    _workspace(),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("invited_by", Text, ForeignKey("app_user.user_id", ondelete="SET NULL")),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    Column("expires_at", _TIME, nullable=False),
    Column("used_at", _TIME),
    CheckConstraint(_ROLES, name="role"),
    Index("invitation_workspace_id_created_at_idx", "workspace_id", "created_at"),
)

# A link that signs in once. Without a user it is that of the first one, who is made with it.
sign_in_link = Table(
    "sign_in_link",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    _user(nullable=True),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    Column("expires_at", _TIME, nullable=False),
    Column("used_at", _TIME),
)

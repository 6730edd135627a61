"""Who does something, and from where: what the audit log says of each action."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from recoup.ids import CredentialId, UserId


@dataclass(frozen=True, slots=True)
class Actor:
    """who: the person's email address or name. address: as the server sees it.

    All None but the last two: somebody who is not signed in yet.
    """

    who: str | None = None
    user_id: UserId | None = None
    credential_id: CredentialId | None = None
    address: str | None = None
    user_agent: str | None = None

    def document(self) -> str:
        """As JSON, for the setting of a transaction."""
        return json.dumps(asdict(self))

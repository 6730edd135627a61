"""What each call needs: the role of the person in the workspace, and the scope of the token.

One table, so that a reader sees all of it. Reading needs little. A write that is not listed needs
everything, so whoever forgets a route shuts it instead of opening it; a test finds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from recoup.users.roles import Role, Scope


@dataclass(frozen=True, slots=True)
class Permission:
    """role: None for calls about the person's own account, which need no workspace either.
    of_person: what is done concerns all workspaces of the person, so a token for one is too small.
    """

    role: Role | None
    scope: Scope
    of_person: bool = False


READING = Permission(Role.VIEWER, Scope.READ)
EVERYTHING = Permission(Role.OWNER, Scope.ADMIN)
_SYNCING = Permission(Role.MEMBER, Scope.SYNC)
_CONNECTING = Permission(Role.MEMBER, Scope.ADMIN)
_OWN_ACCOUNT = Permission(None, Scope.ADMIN)
_WHOLE_PERSON = Permission(None, Scope.ADMIN, of_person=True)

_AMAZON = "/api/v1/integrations/amazon"
PERMISSIONS: dict[tuple[str, str], Permission] = {
    ("POST", "/api/sync/start"): _SYNCING,
    ("POST", "/api/sync/force"): _SYNCING,
    ("POST", "/api/sync/cancel/{syncId}"): _SYNCING,
    ("PATCH", "/api/recoveries/{claimId}"): _SYNCING,
    ("POST", "/api/recoveries/detect"): _SYNCING,
    ("POST", "/api/packs/{packId}/filed"): _SYNCING,
    ("POST", "/api/proofs"): _SYNCING,
    ("DELETE", "/api/proofs/{proofId}"): _SYNCING,
    ("PUT", "/api/sourcing-costs"): _SYNCING,
    ("DELETE", "/api/sourcing-costs"): _SYNCING,
    ("PUT", "/api/sourcing-costs/amazon/refusals"): _SYNCING,
    ("DELETE", "/api/sourcing-costs/amazon/refusals"): _SYNCING,
    ("POST", "/api/quarantine/replay"): _SYNCING,
    # It may begin an account, as a connection does.
    ("POST", "/api/files"): _CONNECTING,
    ("POST", f"{_AMAZON}/connections"): _CONNECTING,
    ("PATCH", f"{_AMAZON}/connections/{{connectionId}}"): _CONNECTING,
    # With purge=true an owner only: the route looks at that itself.
    ("DELETE", f"{_AMAZON}/connections/{{connectionId}}"): _CONNECTING,
    # It begins what ends in a connection, although it is a GET.
    ("GET", f"{_AMAZON}/auth/start"): _CONNECTING,
    # The person is back from Amazon's page: the route looks at who began, and in which workspace.
    ("GET", f"{_AMAZON}/auth/callback"): Permission(None, Scope.READ),
    ("GET", "/api/me"): Permission(None, Scope.READ),
    ("PUT", "/api/me/workspace"): Permission(None, Scope.READ),
    ("POST", "/api/me/password"): _WHOLE_PERSON,
    # A token for one workspace sees and ends what opens no other: the routes look at that.
    ("GET", "/api/me/credentials"): _OWN_ACCOUNT,
    ("POST", "/api/me/credentials"): _OWN_ACCOUNT,
    ("DELETE", "/api/me/credentials/{credentialId}"): _OWN_ACCOUNT,
    ("POST", "/api/me/invitations"): _WHOLE_PERSON,
    ("POST", "/api/me/workspaces"): _WHOLE_PERSON,
    ("PUT", "/api/me/notifications"): Permission(Role.VIEWER, Scope.ADMIN),
    ("POST", "/api/me/notifications/test"): Permission(Role.VIEWER, Scope.ADMIN),
    # Addresses of webhooks often hold a secret.
    ("GET", "/api/webhooks"): _CONNECTING,
    ("POST", "/api/webhooks"): EVERYTHING,
    ("PATCH", "/api/webhooks/{webhookId}"): EVERYTHING,
    ("DELETE", "/api/webhooks/{webhookId}"): EVERYTHING,
    ("POST", "/api/webhooks/{webhookId}/secret"): EVERYTHING,
    ("POST", "/api/webhooks/{webhookId}/test"): EVERYTHING,
    ("GET", "/api/webhooks/{webhookId}/deliveries"): _CONNECTING,
    ("POST", "/api/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver"): EVERYTHING,
    ("GET", "/api/export"): EVERYTHING,
    ("PUT", "/api/legal-hold"): EVERYTHING,
    ("PATCH", "/api/workspace"): EVERYTHING,
    ("PATCH", "/api/workspace/members/{userId}"): EVERYTHING,
    ("DELETE", "/api/workspace/members/{userId}"): EVERYTHING,
    ("GET", "/api/workspace/invitations"): EVERYTHING,
    ("POST", "/api/workspace/invitations"): EVERYTHING,
    ("DELETE", "/api/workspace/invitations/{invitationId}"): EVERYTHING,
    ("GET", "/api/workspace/credentials"): EVERYTHING,
    ("DELETE", "/api/workspace/credentials/{credentialId}"): EVERYTHING,
    ("GET", "/api/audit"): EVERYTHING,
}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", template))


_BY_METHOD: dict[str, list[tuple[re.Pattern[str], Permission]]] = {}
for (_method, _path), _needs in PERMISSIONS.items():
    if "{" in _path:
        _BY_METHOD.setdefault(_method, []).append((_pattern(_path), _needs))


def permission_for(method: str, path: str) -> Permission:
    """What a request needs. HEAD is GET without a body."""
    named = "GET" if method == "HEAD" else method
    listed = PERMISSIONS.get((named, path))
    if listed is not None and "{" not in path:
        return listed
    for pattern, needs in _BY_METHOD.get(named, ()):
        if pattern.fullmatch(path):
            return needs
    return READING if method in _READS else EVERYTHING

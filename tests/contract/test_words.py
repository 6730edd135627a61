"""Sets of words are defined once, and whoever shows a word has something to call it."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import recoup
from recoup.audit.words import Action
from recoup.claims.answers import Reason
from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.rule import ClaimType
from recoup.claims.rules import all_rules
from recoup.claims.stages import Stage
from recoup.cli.claims_table import STANDING_WORDS
from recoup.connections.states import ConnectionEnvironment, ConnectionStatus
from recoup.db.engine import Database
from recoup.notes.note import NoteCode
from recoup.notifications.words import DeliveryStatus, DigestStatus, NotificationKind
from recoup.spapi.endpoints import Region
from recoup.streams.sales_channels import MARKETPLACES, marketplace_name
from recoup.sync.record.announce import _CONNECTION_MESSAGES, _ENDINGS
from recoup.sync.record.states import OF_A_SYNC, OPEN, RequestStatus, StreamStatus, SyncStatus
from recoup.users.caller import CredentialKind
from recoup.users.roles import Role, Scope
from tests.support.openapi_document import DOCUMENT
from tests.support.page_words import FOLDER, page_words

SOURCE = Path(recoup.__file__).parent
SETS: dict[str, type[enum.StrEnum]] = {
    "sync": SyncStatus,
    "stream": StreamStatus,
    "connection": ConnectionStatus,
    "environment": ConnectionEnvironment,
    "claim": Status,
    "standing": Standing,
    "stage": Stage,
    "answerReason": Reason,
    "window": WindowState,
    "review": Review,
    "note": NoteCode,
    "claimType": ClaimType,
    "role": Role,
    "scope": Scope,
    "credential": CredentialKind,
    "action": Action,
    "notification": NotificationKind,
    "delivery": DeliveryStatus,
}
CHECKS: dict[tuple[str, str], Iterable[enum.StrEnum]] = {
    ("sync_progress", "status"): OF_A_SYNC,
    ("sync_stream", "status"): StreamStatus,
    ("report_request", "status"): RequestStatus,
    ("amazon_connection", "status"): ConnectionStatus,
    ("amazon_connection", "environment"): ConnectionEnvironment,
    ("amazon_connection", "region"): Region,
    ("claim", "status"): Status,
    ("claim", "type"): ClaimType,
    ("claim", "answer_reason"): Reason,
    ("claim_response", "stage"): Stage,
    ("claim_response", "reason"): Reason,
    ("workspace_member", "role"): Role,
    ("invitation", "role"): Role,
    ("credential", "kind"): CredentialKind,
    ("credential", "scope"): Scope,
    ("notification", "kind"): NotificationKind,
    ("webhook_delivery", "status"): DeliveryStatus,
    ("mail_digest", "status"): DigestStatus,
}
# A migration keeps the words of its day, the sandbox shares nothing with the rest, and Amazon's own
# words are defined where its answers are read.
APART = ("migrations/", "sandbox/", "spapi/")
KINDS = {"", "accent", "good", "warn", "bad"}


def words(members: Iterable[enum.StrEnum]) -> set[str]:
    return {member.value for member in members}


@pytest.mark.parametrize("name", SETS)
def test_the_page_has_a_word_for_each_state_and_no_other(name: str) -> None:
    """A state that is new to the API cannot be forgotten in the dashboard."""
    known = page_words()[name]

    assert set(known) == words(SETS[name])
    assert all(called and kind in KINDS for called, kind in known.values())


def test_the_page_names_each_marketplace() -> None:
    """By the name of Amazon's own reports, with a capital; nobody knows a marketplace by its id."""
    known = page_words()["marketplace"]

    assert {called.lower(): word for word, (called, _) in known.items()} == MARKETPLACES
    assert {called for called, _ in known.values()} == set(map(marketplace_name, known))


def test_the_page_has_no_other_sets() -> None:
    """Each set of the dashboard is one that is compared here."""
    assert set(page_words()) == {*SETS, "marketplace"}


def test_a_filter_names_a_claim_as_the_list_does() -> None:
    """Whoever reads a title in the list finds it among the choices."""
    known = page_words()["claimType"]

    assert {word: called for word, (called, _) in known.items()} == {
        rule.type.value: rule.title for rule in all_rules()
    }


def test_the_messages_have_a_word_for_each_state() -> None:
    """The activity and the command line know every state that they may meet."""
    assert words(_ENDINGS) == words(OF_A_SYNC) - {SyncStatus.IN_PROGRESS}
    assert words(_CONNECTION_MESSAGES) == words(ConnectionStatus)
    assert set(STANDING_WORDS) == words(Standing)
    assert {rule.type.value for rule in all_rules()} == words(ClaimType)


@pytest.mark.parametrize("place", CHECKS, ids="_".join)
def test_the_database_takes_each_word_and_no_other(
    place: tuple[str, str], database_url: str
) -> None:
    """The check that the migrations made holds the words of the code."""
    table, column = place
    engine = create_engine(Database(database_url).sqlalchemy_url)
    with engine.connect() as conn:
        definition = conn.execute(
            text("select pg_get_constraintdef(oid) from pg_constraint where conname = :name"),
            {"name": f"{table}_{column}_check"},
        ).scalar_one()
    engine.dispose()

    assert set(re.findall(r"'([\w.]+)'", definition)) == words(CHECKS[place])


def test_an_open_request_is_found_by_its_index(database_url: str) -> None:
    """The partial index speaks of exactly the states that are called open."""
    engine = create_engine(Database(database_url).sqlalchemy_url)
    with engine.connect() as conn:
        definition = conn.execute(
            text("select indexdef from pg_indexes where indexname = 'report_request_open_idx'")
        ).scalar_one()
    engine.dispose()

    assert set(re.findall(r"'(\w+)'", definition)) == words(OPEN)


def test_the_openapi_document_names_the_states() -> None:
    """A frontend can read every set of words from the document."""
    schemas = DOCUMENT["components"]["schemas"]

    for members in SETS.values():
        assert set(schemas[members.__name__]["enum"]) == words(members)


def sources() -> list[Path]:
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if not path.relative_to(SOURCE).as_posix().startswith(APART)
    ]


def second_sets(tree: ast.AST) -> Iterator[str]:
    """Collections of bare words, conditions in SQL and classes that repeat a set, or most of it."""
    for node in ast.walk(tree):
        match node:
            case ast.Tuple() | ast.List() | ast.Set():
                found = _texts(node.elts)
            case ast.Dict():
                found = _texts(node.keys)
            case ast.Constant(value=str() as sql):
                for condition in re.findall(r"\bin \(((?:'\w+'(?:, )?)+)\)", sql):
                    yield from _repeated(set(re.findall(r"'(\w+)'", condition)))
                continue
            case _:
                continue
        yield from _repeated(found)


def _texts(nodes: Iterable[ast.expr | None]) -> set[str]:
    texts = {one.value for one in nodes if isinstance(one, ast.Constant)}
    return {one for one in texts if isinstance(one, str)}


def _repeated(found: set[str]) -> Iterator[str]:
    """More than half of the words of a set; fewer may be a question about some of them."""
    for members in (*SETS.values(), RequestStatus):
        if found <= words(members) and len(found) > len(members) / 2:
            yield f"{sorted(found)} are words of {members.__name__}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_writes_a_set_a_second_time(path: Path) -> None:
    """Tables, bodies, commands and messages name the enum's members, never the words again."""
    assert list(second_sets(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "STATES = ('in_progress', 'complete', 'failed')",
        "status: Literal['active', 'reauthorization_required', 'disconnected']",
        "check = \"status in ('detected', 'filed', 'approved', 'rejected')\"",
        "words = {'wait': 1, 'open': 2, 'expired': 3}",
    ],
)
def test_a_set_that_is_written_again_is_noticed(code: str) -> None:
    """The search finds each form in which a set has been written twice before."""
    assert list(second_sets(ast.parse(code)))


def test_no_script_writes_a_set_a_second_time() -> None:
    """The dashboard's sets are those of states.js."""
    known = [set(one) for one in page_words().values()]
    found = [
        (script.name, sorted(texts))
        for script in FOLDER.rglob("*.js")
        if script.name != "states.js"
        for listed in re.findall(r"\[[^\[\]]*\]", script.read_text(encoding="utf-8"))
        for one in known
        if (texts := set(re.findall(r'"(\w+)"', listed))) <= one and len(texts) > len(one) / 2
    ]

    assert found == []


def test_an_unknown_word_is_shown_as_itself() -> None:
    """The page looks words up with a fallback, so a newer server never breaks it."""
    script = (FOLDER / "shared" / "states.js").read_text(encoding="utf-8")

    assert "STATES[set]?.[word]?.[0] ?? String(word" in script
    assert 'STATES[set]?.[word]?.[1] || "none"' in script
    assert all(
        "STATES[" not in other.read_text(encoding="utf-8")
        for other in FOLDER.rglob("*.js")
        if other.name != "states.js"
    )

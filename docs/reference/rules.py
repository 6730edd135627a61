"""The page of claim rules, from their declarations and what they are derived to read."""

from __future__ import annotations

from docs.reference.markdown import page, table
from recoup.claims.detection.gaps import streams_with
from recoup.claims.detection.reads import needs_of, touches_of
from recoup.claims.packs.instructions import load_instructions
from recoup.claims.rule import Rule, Value
from recoup.claims.rules import all_rules

_INTRODUCTION = """\
Every rule by which recoup looks for claims. [claims.md](../claims.md) explains the arithmetic. A rule waits while a stream
that it needs was not read; a stream that it uses makes it surer or settles more, and can be missing."""

_VALUES = {
    Value.SOURCING_COST: "what a unit costs the seller, up to Amazon's cap",
    Value.OWN: "computed by the rule",
}


def rules_page() -> str:
    """One section per rule, in order of the types' names."""
    return page("Claim rules", _INTRODUCTION, *map(_section, all_rules()))


def _section(rule: Rule) -> str:
    needs = streams_with({table for table, _ in needs_of(rule)})
    uses = streams_with({table for table, _ in touches_of(rule)}) - needs
    rows = [
        ("Rests on", rule.source),
        ("Time to claim", f"policy window `{rule.window.value}`"),
        ("Worth", _VALUES[rule.value]),
        ("Needs", ", ".join(f"`{name}`" for name in sorted(needs))),
        ("Uses", ", ".join(f"`{name}`" for name in sorted(uses)) or "nothing else"),
        ("To attach", "; ".join(_documents(rule)) or "nothing: Amazon has all rows itself"),
        ("Version", str(rule.version)),
    ]
    return f"## {rule.type.value}\n\n{rule.title}.\n\n{table(('', ''), rows)}"


def _documents(rule: Rule) -> list[str]:
    """What filing.toml says of the type, each with the causes that it is for."""
    return [
        one.in_words + (f" [{', '.join(one.causes)}]" if one.causes else "")
        for one in load_instructions().requirements
        if rule.type in one.types
    ]

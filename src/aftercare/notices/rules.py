"""Which fact is told with which template: data, read once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

LINKS = frozenset({"claim", "case", "entry"})


@dataclass(frozen=True)
class Rule:
    """`when`: the fact's field has one of these values; `has`: these fields are given; `lacks`: these are not. `until`: the clocks whose end is told, if one of them runs. `secret`: the words are not kept after sending."""

    fact: str
    template: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    link: str = "claim"
    until: tuple[str, ...] = ()
    secret: bool = False

    def asks(self, data: Mapping[str, Any]) -> bool:
        return (
            all(data.get(name) in values for name, values in self.when.items())
            and all(data.get(name) is not None for name in self.has)
            and all(data.get(name) is None for name in self.lacks)
        )


def read_rules(document: str) -> tuple[Rule, ...]:
    rules = tuple(
        Rule(
            fact=row["fact"],
            template=row["template"],
            when={name: tuple(values) for name, values in row.get("when", {}).items()},
            has=tuple(row.get("has", ())),
            lacks=tuple(row.get("lacks", ())),
            link=row.get("link", "claim"),
            until=tuple(row.get("until", ())),
            secret=row.get("secret", False),
        )
        for row in tomllib.loads(document)["rule"]
    )
    for rule in rules:
        if rule.link not in LINKS:
            raise ValueError(f"{rule.template} links to {rule.link}")
    return rules


@cache
def rules() -> tuple[Rule, ...]:
    return read_rules((files("aftercare.notices") / "rules.toml").read_text(encoding="utf-8"))


@cache
def rules_by_fact() -> Mapping[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in rules():
        found[rule.fact] = (*found.get(rule.fact, ()), rule)
    return found


@cache
def rule_of(template: str) -> Rule:
    """KeyError if no rule uses the template."""
    for rule in rules():
        if rule.template == template:
            return rule
    raise KeyError(template)

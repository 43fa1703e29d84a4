"""Reactions: what follows from a fact.

`@within` runs in the transaction of the change itself (clocks; nothing else by default). `@after` is delivered by the
worker at least once, in order per subject, each in a Work of its own whose `cause` is the fact. `@after(outside=True)` is
for reactions that talk to the outside world: they get the house and open their own Works, so that no transaction stays
open while a gateway thinks.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aftercare.journal.facts import Fact

if TYPE_CHECKING:
    from aftercare.journal.work import House, Work

Inside = Callable[["Work", Any], Awaitable[None]]
Outside = Callable[["House", Any], Awaitable[None]]


@dataclass(frozen=True)
class Reaction:
    name: str
    facts: frozenset[str]
    run: Callable[[Any, Any], Awaitable[None]]
    in_order_of: str | None
    outside: bool
    when: Callable[[Any], bool] | None


WITHIN: dict[str, list[Inside]] = {}
AFTER: dict[str, Reaction] = {}


def within(*facts: type[Fact]) -> Callable[[Inside], Inside]:
    """Runs in the same transaction, just before it commits."""

    def register(function: Inside) -> Inside:
        for fact in facts:
            WITHIN.setdefault(fact.name, []).append(function)
        return function

    return register


def after(
    *facts: type[Fact],
    in_order_of: str | None = None,
    outside: bool = False,
    name: str | None = None,
    when: Callable[[Any], bool] | None = None,
) -> Callable[[Callable[[Any, Any], Awaitable[None]]], Callable[[Any, Any], Awaitable[None]]]:
    """Delivered by the worker once the fact is committed. `in_order_of` names the `_id` field whose facts keep their
    order (default: the fact's subject). `when` looks at the fact alone: where it says no, nothing is delivered, which is
    cheaper than a reaction that finds nothing to do. The reaction's name is `context.function`; changing it starts a new reaction."""

    def register(function: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
        context = function.__module__.removeprefix("aftercare.").split(".")[0]
        called = name or f"{context}.{function.__name__}"
        if called in AFTER and AFTER[called].run.__qualname__ != function.__qualname__:
            raise TypeError(f"two reactions are called {called}")
        AFTER[called] = Reaction(
            called, frozenset(fact.name for fact in facts), function, in_order_of, outside, when
        )
        return function

    return register

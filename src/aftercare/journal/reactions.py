"""Reactions: what follows from a fact.

`@within` runs in the transaction of the change itself (clocks; nothing else by default). `@after` is delivered by the
worker at least once, in order per subject, each in a Work of its own whose `cause` is the fact. `@after(outside=True)` is
for reactions that talk to the outside world: they get the house and open their own Works, so that no transaction stays
open while a gateway thinks.

Where thousands of facts come at once, a reaction takes many of them in one Work: `@within(together=True)` gets all that were
written together, `@after(in_batches_of=500)` up to so many that wait, oldest first and those of one subject in their order.
When a batch fails, its facts are delivered one by one, so that the one that is to blame holds only its own lane.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aftercare.journal.facts import Fact

if TYPE_CHECKING:
    from aftercare.journal.work import House, Work

Inside = Callable[["Work", Any], Awaitable[None]]
Outside = Callable[["House", Any], Awaitable[None]]


@dataclass(frozen=True)
class Reaction:
    """What was registered gets a fact, or a list of facts where `in_batches_of` says how many at most."""

    name: str
    facts: frozenset[str]
    function: Callable[[Any, Any], Awaitable[None]]
    in_order_of: str | None
    outside: bool
    when: Callable[[Any], bool] | None
    in_batches_of: int | None

    async def run(self, where: "Work | House", fact: Fact) -> None:
        """For one fact."""
        await self.function(where, fact if self.in_batches_of is None else [fact])

    async def run_batch(self, work: "Work", facts: Sequence[Fact]) -> None:
        await self.function(work, facts)


WITHIN: dict[str, list[Inside]] = {}
TOGETHER: dict[str, list[Inside]] = {}
AFTER: dict[str, Reaction] = {}


def within(*facts: type[Fact], together: bool = False) -> Callable[[Inside], Inside]:
    """Runs in the same transaction, just before it commits; `together` once for all facts that were written at once, after
    those that run for each."""

    def register(function: Inside) -> Inside:
        for fact in facts:
            (TOGETHER if together else WITHIN).setdefault(fact.name, []).append(function)
        return function

    return register


def after(
    *facts: type[Fact],
    in_order_of: str | None = None,
    outside: bool = False,
    name: str | None = None,
    when: Callable[[Any], bool] | None = None,
    in_batches_of: int | None = None,
) -> Callable[[Callable[[Any, Any], Awaitable[None]]], Callable[[Any, Any], Awaitable[None]]]:
    """Delivered by the worker once the fact is committed. `in_order_of` names the `_id` field whose facts keep their
        order (default: the fact's subject). `when` looks at the fact alone: where it says no, nothing is delivered, which is
        cheaper than a reaction that finds nothing to do. With `in_batches_of` the function gets a list of at most so many facts. The
    reaction's name is `context.function`; changing it starts a new reaction."""
    if outside and in_batches_of is not None:
        raise TypeError("what goes outside goes one by one")

    def register(function: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
        context = function.__module__.removeprefix("aftercare.").split(".")[0]
        called = name or f"{context}.{function.__name__}"
        if called in AFTER and AFTER[called].function.__qualname__ != function.__qualname__:
            raise TypeError(f"two reactions are called {called}")
        AFTER[called] = Reaction(
            called,
            frozenset(fact.name for fact in facts),
            function,
            in_order_of,
            outside,
            when,
            in_batches_of,
        )
        return function

    return register

"""What can be tried: told by the contexts that own it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aftercare.journal import Work
from aftercare.trials.model import ThingUnknown

Asked = Callable[[Work, UUID, str, dict[str, Any]], Awaitable[None]]
"""(work, shop, thing, variant)."""


@dataclass(frozen=True)
class Kind:
    """`check` refuses a variant that could not be used, or an actor who may not change the thing; `adopt` makes it what holds."""

    name: str
    units: frozenset[str]
    check: Asked
    adopt: Asked


_KINDS: dict[str, Kind] = {}


def can_be_tried(kind: Kind) -> None:
    """Registers it. The name of a thing is that of its kind, or 'kind:which'."""
    _KINDS[kind.name] = kind


def kind_of(thing: str, unit: str | None = None) -> Kind:
    """Refuses with ThingUnknown."""
    found = _KINDS.get(thing.partition(":")[0])
    if found is None or (unit is not None and unit not in found.units):
        raise ThingUnknown(thing=thing, unit=unit)
    return found

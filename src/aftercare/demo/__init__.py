"""Demo: a year of a shop group, told through the same verbs as in life.

`tell` fills an empty installation with the past twelve months of a group's shops: orders, parcels, claims of all kinds and
ends, words, notices. Every step is done by its own actor at its own moment. The same seed, day and size tell the same story.
A start does it in steps: `prepare`, `tell_group` for each of GROUPS beside each other, `finish`. `live` goes on in real time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from aftercare.demo.looking import GROUPS, Whole, finish, told_in

if TYPE_CHECKING:
    from aftercare.demo.alarming import look_back
    from aftercare.demo.deciding import read_decisions
    from aftercare.demo.living import live
    from aftercare.demo.reporting import report_the_year
    from aftercare.demo.starting import prepare, tell_group
    from aftercare.demo.year import HalfTold, Told, tell, told

__all__ = [
    "GROUPS",
    "HalfTold",
    "Told",
    "Whole",
    "finish",
    "live",
    "look_back",
    "prepare",
    "read_decisions",
    "report_the_year",
    "tell",
    "tell_group",
    "told",
    "told_in",
]

# A second start only looks whether the story is there; what tells it would load the whole program.
LATE = {
    "live": "living",
    "look_back": "alarming",
    "prepare": "starting",
    "read_decisions": "deciding",
    "report_the_year": "reporting",
    "tell_group": "starting",
    "tell": "year",
    "told": "year",
    "Told": "year",
    "HalfTold": "year",
}


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{LATE[name]}"), name)

"""What other platforms call the states of a claim, both ways; a code nobody knows is kept as it came."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aftercare.claims.states import ALL_KINDS, ClaimKind, ClaimState


@dataclass(frozen=True)
class ForeignCode:
    """`states[0]` is what the code means when it comes in; all of them are told by it when it goes out."""

    code: str
    states: tuple[ClaimState, ...]
    kinds: frozenset[ClaimKind]


@cache
def codes_of(platform: str) -> tuple[ForeignCode, ...]:
    """KeyError for a platform that we have no table for."""
    return tuple(
        ForeignCode(
            row["code"],
            tuple(ClaimState(state) for state in row["states"]),
            frozenset(ClaimKind(kind) for kind in row["kinds"]) if "kinds" in row else ALL_KINDS,
        )
        for row in _tables()[platform]
    )


@cache
def _tables() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((files("aftercare.claims") / "foreign_codes.toml").read_text(encoding="utf-8"))


def platforms() -> tuple[str, ...]:
    return tuple(_tables())


def state_of(platform: str, code: str | int, kind: ClaimKind) -> ClaimState | None:
    """What the platform's code means for a claim of this kind; None: unknown, and nothing is to be changed by it."""
    for row in codes_of(platform):
        if row.code == str(code) and kind in row.kinds:
            return row.states[0]
    return None


def code_of(platform: str, kind: ClaimKind, state: ClaimState) -> str | None:
    """How the platform calls this; the code that means exactly it before one that only covers it."""
    rows = [row for row in codes_of(platform) if kind in row.kinds and state in row.states]
    exact = next((row for row in rows if row.states[0] is state), None)
    chosen = exact or next(iter(rows), None)
    return chosen.code if chosen else None

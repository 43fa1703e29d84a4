"""The words that the faces say, from the same files that they read them from, so that a story plays in every language."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from aftercare.claims.wording import label
from tests.faults.processes import ROOT


@cache
def _texts(locale: str, file: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(
        (ROOT / "web" / "src" / "locales" / locale / f"{file}.json").read_text("utf-8")
    )
    return read


@dataclass(frozen=True)
class Words:
    locale: str

    def __call__(self, face: str, key: str, **values: object) -> str:
        """As `t(key)` of that face says it: its own file, then the common one. KeyError for a text that is not there."""
        for file in (face, "common"):
            found: Any = _texts(self.locale, file)
            for part in key.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            if isinstance(found, str):
                return re.sub(r"\{\{(\w+)\}\}", lambda hole: str(values[hole.group(1)]), found)
        raise KeyError(f"{self.locale}: {key}")

    def state(self, state: str, *, staff: bool = False) -> str:
        return label("state", state, self.locale, "staff" if staff else "customer")

    def move(self, move: str, *, staff: bool = False) -> str:
        return label("move", move, self.locale, "staff" if staff else "customer")

    def kind(self, kind: str) -> str:
        return label("kind", kind, self.locale)

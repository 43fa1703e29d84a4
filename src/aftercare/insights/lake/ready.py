"""What is kept ready: tables made of the facts alone, kept up to date with each increment, for questions that would otherwise read
all facts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from aftercare.insights.lake.shapes import SHAPES, Shape

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Ready:
    """A table that is made by an expression over the facts.

    With `per`, a column of the facts and of the table itself, the expression is given all facts of some of its values, and no group
    of the expression may reach beyond one value: a new fact makes its value's rows anew. Without it the expression is given the facts of one
    month (UTC), and no group may reach beyond it. `version` is raised when the expression changes: then all is made anew.
    """

    name: str
    types: Mapping[str, str]
    of: "Callable[[ir.Table], ir.Table]"
    per: str | None = None
    month_of: str | None = None
    """An instant among the columns, by whose month the rows of a table with `per` lie in folders."""
    order: tuple[str, ...] = ()
    version: int = 1

    @property
    def view(self) -> str:
        return f"lake_{self.name}"

    @property
    def mark(self) -> str:
        """Files under another mark are of another table."""
        return _hashed(f"{self.name} {dict(self.types)} {self.per} {self.month_of} {self.version}")


READY: dict[str, Ready] = {}


def every_table() -> list[Shape | Ready]:
    return [*SHAPES.values(), *READY.values()]


def keep_ready(table: Ready) -> Ready:
    """From now on each refresh keeps it. Called while the packages are loaded, by whoever asks the table later."""
    if table.name in SHAPES or table.name in READY:
        raise ValueError(f"two tables of the lake are called {table.name}")
    READY[table.name] = table
    return table


@cache
def fingerprint() -> str:
    """Of the tables that are copied: files of other shapes are not read but copied anew."""
    return _hashed(*(f"{shape.statement} {shape.month_of} {shape.order}" for shape in SHAPES.values()))


def _hashed(*words: str) -> str:
    return sha256("\n".join(words).encode()).hexdigest()[:16]

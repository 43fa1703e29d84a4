"""Our own journal as a log: claims by their moves, cases by what happened to them, orders by their moments.

The steps of claims and cases are kept ready in the lake: each increment makes those of the claims and cases anew that its facts are about, so a map
of any month or group reads no fact.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from aftercare.cases import Stage
from aftercare.claims import MOVED
from aftercare.insights.lake import LakeOf, Ready, keep_ready
from aftercare.insights.process.conformance import (
    Conformance,
    Deviation,
)
from aftercare.insights.process.maps import Ways, ways_of
from aftercare.insights.process.outlook import Measured, OpenCase, learn, outlooks

if TYPE_CHECKING:
    import ibis.expr.types as ir

Objects = Literal["claims", "cases", "orders"]
OBJECTS: dict[str, Objects] = {"claims": "claims", "cases": "cases", "orders": "orders"}

CLAIM_FACTS = (*sorted(fact.name for fact in MOVED.values()), "claim.mirrored")
STAGE_SET = "case.stage_set"
CASE_FACTS = (
    "case.opened",
    "case.assigned",
    "case.released",
    "case.escalated",
    "case.snoozed",
    "case.solution_applied",
    "case.solution_failed",
    "case.merged",
    "case.split",
    "case.solved",
    "case.closed",
    "case.reopened",
    "case.ending_undone",
    STAGE_SET,
)
STAGES = tuple(f"{STAGE_SET}:{stage}" for stage in Stage)
"""A stage is an activity of its own: `case.stage_set:diagnosed`."""

CLAIM_ATTRIBUTES = (
    "kind", "reason", "channel", "market", "fault_side", "condition", "remedy", "policy", "law", "platform",
    "freight_payer", "withdrawal", "in_advance", "outcome",
)  # fmt: skip
CASE_ATTRIBUTES = ("channel", "topic", "skill", "priority", "mood", "locale", "closing")
ORDER_ATTRIBUTES = ("status", "country", "region", "carrier", "source", "review_score")
KNOWN_LATER = frozenset({"remedy", "outcome", "closing", "status", "review_score"})
"""They explain nothing that came before."""

ACTIVE = ("open", "waiting_shop", "waiting_customer")
LEARNED_SINCE_DAYS = 365
MOST_OPEN = 500


def mark_of(activity: Any, nth: Any, names: Sequence[str]) -> Any:
    """What came at which place as a number that stays the same with every version of the engine; those of a claim added up
    stand for its way."""
    codes = [(name, int.from_bytes(sha256(name.encode()).digest()[:4]) >> 1) for name in names]
    place = (nth.cast("int64") * 48_271 + 11) % 2_147_483_647
    return activity.cases(*codes, else_=0).cast("int64") * place


def _steps(facts: ir.Table, of: str, names: Sequence[str]) -> ir.Table:
    import ibis

    told = ibis.window(group_by=of, order_by=["at", "position"])
    chosen = facts.filter(facts.name.isin(names) & facts[of].notnull())
    chosen = chosen.mutate(
        activity=ibis.ifelse(
            (chosen.name == STAGE_SET) & chosen.stage.notnull(), chosen.name + ":" + chosen.stage, chosen.name
        ),
        # Staff and programs are known by their ids; customers are not.
        resource=ibis.ifelse(
            chosen.actor_kind.isin(["staff", "integration"]) & chosen.actor_id.notnull(),
            chosen.actor_id,
            chosen.actor_kind,
        ),
    )
    whole = ibis.window(group_by=of)
    before = chosen["at"].lag().over(told)
    numbered = chosen.mutate(
        nth=ibis.row_number().over(told) + 1,
        from_activity=chosen.activity.lag().over(told),
        from_resource=chosen.resource.lag().over(told),
        wait=(chosen["at"].epoch_seconds() - before.epoch_seconds()).cast("float64"),
        began_at=chosen["at"].min().over(whole),
        first_shop=chosen.shop_id.first().over(told),
    )
    every = [*names, *STAGES] if STAGE_SET in names else names
    return numbered.select(
        of,
        "began_at",
        "activity",
        "at",
        "resource",
        "mover",
        "kind",
        "from_activity",
        "from_resource",
        "wait",
        "nth",
        shop_id=numbered.first_shop,
        key=numbered[of].hash(),
        mark=mark_of(numbered.activity, numbered.nth, every),
    )


def _types(of: str) -> dict[str, str]:
    return {
        of: "string",
        "shop_id": "string",
        "key": "int64",
        "began_at": "timestamp('UTC')",
        "activity": "string",
        "at": "timestamp('UTC')",
        "resource": "string",
        "mover": "string",
        "kind": "string",
        "from_activity": "string",
        "from_resource": "string",
        "wait": "float64",
        "nth": "int64",
        "mark": "int64",
    }


CLAIM_STEPS = keep_ready(
    Ready(
        "claim_steps",
        _types("claim_id"),
        lambda facts: _steps(facts, "claim_id", CLAIM_FACTS),
        per="claim_id",
        month_of="began_at",
        order=("shop_id", "began_at", "claim_id", "nth"),
    )
)
CASE_STEPS = keep_ready(
    Ready(
        "case_steps",
        _types("case_id"),
        lambda facts: _steps(facts, "case_id", CASE_FACTS),
        per="case_id",
        month_of="began_at",
        order=("shop_id", "began_at", "case_id", "nth"),
    )
)


@dataclass(frozen=True)
class Selection:
    """Which claims, cases or orders: those that began in the time, in the shop, with these values of attributes; `late`: whether
    a clock of theirs ran out, or the goods came later than was promised."""

    of: Objects = "claims"
    since: datetime | None = None
    until: datetime | None = None
    shop_id: UUID | None = None
    where: dict[str, str] = field(default_factory=dict)
    late: bool | None = None

    @property
    def id(self) -> str:
        return {"claims": "claim_id", "cases": "case_id", "orders": "order_id"}[self.of]

    @property
    def attributes(self) -> tuple[str, ...]:
        return {"claims": CLAIM_ATTRIBUTES, "cases": CASE_ATTRIBUTES, "orders": ORDER_ATTRIBUTES}[self.of]


class JournalLog(ABC):
    """What one actor sees of the journal as a log. Its methods keep their thread busy."""

    def __init__(self, lake: LakeOf, chosen: Selection) -> None:
        self.lake = lake
        self.chosen = chosen
        self.tables = lake.tables()

    def ask(self, expression: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.lake.fetch(expression).to_pylist()
        return rows

    @property
    @abstractmethod
    def all_steps(self) -> ir.Table:
        """With a column `case`; at least those that are chosen."""

    @property
    @abstractmethod
    def objects(self) -> ir.Table:
        """The rows of the claims, cases or orders themselves."""

    @property
    @abstractmethod
    def late_ids(self) -> ir.Table:
        """`late_id`: each once."""

    @property
    @abstractmethod
    def ended(self) -> ir.Table:
        """Those of the objects that are over."""

    @property
    @abstractmethod
    def still(self) -> ir.Table:
        """Those that something still has to happen to."""

    @abstractmethod
    def by_the_book(self) -> Conformance:
        """Against what the handbook lets follow."""

    @abstractmethod
    def late(self) -> list[Deviation]:
        """Promises that were broken, and who had the case."""

    @property
    def steps(self) -> ir.Table:
        steps = self.in_time_and_shop(self.all_steps, "began_at")
        chosen = self.chosen
        if chosen.where:
            objects = self.objects
            for name, value in sorted(chosen.where.items()):
                objects = objects.filter(objects[name].cast("string").fill_null("") == value)
            steps = steps.filter(steps.case.isin(objects.id))
        if chosen.late is not None:
            late = steps.case.isin(self.late_ids.late_id)
            steps = steps.filter(late if chosen.late else ~late)
        return steps

    @property
    def ways(self) -> Ways:
        return ways_of(self.steps, self.ask)

    def in_time_and_shop(self, rows: ir.Table, began: str) -> ir.Table:
        import ibis

        chosen = self.chosen
        if chosen.since is not None:
            rows = rows.filter(rows[began] >= ibis.literal(chosen.since, type="timestamp('UTC')"))
        if chosen.until is not None:
            rows = rows.filter(rows[began] < ibis.literal(chosen.until, type="timestamp('UTC')"))
        if chosen.shop_id is not None:
            rows = rows.filter(rows.shop_id == str(chosen.shop_id))
        return rows

    @property
    def cases(self) -> ir.Table:
        """One row for each: key, case, seconds, events, `late`, and its attributes."""
        steps = self.steps
        each = steps.group_by(["key", "case"]).agg(
            seconds=steps.wait.sum().fill_null(0.0), events=steps.count(), began_at=steps.began_at.min()
        )
        objects = self.objects.select("id", "shop_id", *self.chosen.attributes)
        whole = each.left_join(objects, each.case == objects.id)
        return whole.mutate(late=whole.case.isin(self.late_ids.late_id))

    def handbook(self) -> Conformance:
        """By the book, and what was late."""
        found, late = self.by_the_book(), self.late()
        if not late:
            return found
        deviations = sorted(
            [*found.deviations, *late], key=lambda one: (-one.cases, one.kind, one.from_, one.to)
        )
        return replace(found, deviations=deviations)

    def outlook(self, now: datetime) -> tuple[list[OpenCase], Measured | None]:
        """Of what is open in the shop and with the values chosen, whenever it began; the longest waiting first."""
        import ibis

        log = type(self)(
            self.lake,
            replace(self.chosen, since=now - timedelta(days=LEARNED_SINCE_DAYS), until=None, late=None),
        )
        steps = log.steps
        learned, measured = learn(steps.filter(steps.case.isin(self.ended.id)), self.ask)
        standing = steps.filter(steps.case.isin(self.still.id))
        last = standing.group_by("case").agg(
            activity=standing.activity.argmax(standing.nth),
            from_activity=standing.from_activity.argmax(standing.nth),
            at=standing["at"].max(),
        )
        rows = self.ask(last.order_by([ibis.asc("at"), "case"]).limit(MOST_OPEN))
        return outlooks(learned, rows, now), measured

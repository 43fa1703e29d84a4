"""The rules: for a clock of a shop its own steps, else the house's, else the defaults."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator
from sqlalchemy import text

from aftercare.cases.escalation.model import Doing, Pressing, Whom
from aftercare.cases.events import EscalationRuleSet, EscalationRuleWithdrawn
from aftercare.cases.model import Step
from aftercare.identity import get_shop
from aftercare.journal import Memory, Work
from aftercare.kit.errors import NotAllowed
from aftercare.kit.json import to_json
from aftercare.promises import DEFAULT_TERMS

MOST_STEPS = 20
LONGEST_WAIT = 40 * 60 * 3
"""In minutes of working time: three weeks of forty hours."""

Clock = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=80)]


class EscalationWish(BaseModel):
    """One step: `after_minutes` of the shop's working time after the clock has warned or broken it does one thing. `whom` is for
    telling, `to` for pressing; `skill` moves the case to those who have it before it is given to somebody else."""

    model_config = ConfigDict(frozen=True)

    when: Step
    after_minutes: int = Field(default=0, ge=0, le=LONGEST_WAIT)
    do: Doing
    whom: Whom | None = None
    to: Pressing | None = None
    skill: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] | None = None

    @model_validator(mode="after")
    def _says_what_it_does(self) -> "EscalationWish":
        if (self.do is Doing.tell) != (self.whom is not None):
            raise ValueError("a step that tells says whom, and no other does")
        if (self.do is Doing.press) != (self.to is not None):
            raise ValueError("a step that presses says how far, and no other does")
        if self.skill is not None and self.do is not Doing.reassign:
            raise ValueError("only a step that gives the case to somebody else asks for a skill")
        return self


STEPS: TypeAdapter[tuple[EscalationWish, ...]] = TypeAdapter(tuple[EscalationWish, ...])
Source = Literal["default", "house", "shop"]


class Rule(BaseModel):
    """What holds for a clock, and whose rule it is."""

    model_config = ConfigDict(frozen=True)

    clock: str
    source: Source
    version: int
    steps: tuple[EscalationWish, ...]


class NewRule(BaseModel):
    """No steps: nothing is done. Without a shop it holds for the house."""

    clock: Clock
    shop_id: UUID | None = None
    steps: Annotated[tuple[EscalationWish, ...], Field(max_length=MOST_STEPS)]


def _wish(when: Step, do: Doing, after: int = 0, **more: Any) -> EscalationWish:
    return EscalationWish(when=when, do=do, after_minutes=after, **more)


_WARNED = (
    _wish(Step.warned, Doing.press, to=Pressing.next),
    _wish(Step.warned, Doing.tell, whom=Whom.owner),
)
_URGENT = _wish(Step.broken, Doing.press, to=Pressing.urgent)

DEFAULTS: dict[str, tuple[EscalationWish, ...]] = {
    "case.first_answer": (
        *_WARNED,
        _URGENT,
        _wish(Step.broken, Doing.reassign),
        _wish(Step.broken, Doing.supervise, 30),
    ),
    "case.next_answer": (*_WARNED, _URGENT, _wish(Step.broken, Doing.supervise, 60)),
    "case.resolution": (*_WARNED, _URGENT, _wish(Step.broken, Doing.supervise, 120)),
    "call.back": (*_WARNED, _URGENT, _wish(Step.broken, Doing.supervise, 30)),
}
OTHERS = (_URGENT,)
"""Of every other clock: a time limit at which the system cannot act by itself makes the case urgent."""

remembered: Memory[dict[str, Rule]] = Memory()

ALL_FOR_SHOP = text(
    """
    SELECT clock, shop_id, version, steps FROM escalation_rule WHERE shop_id = :shop OR shop_id IS NULL
    ORDER BY shop_id NULLS FIRST
    """
)


async def _load(work: Work, shop_id: UUID | None) -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for row in await work.session.execute(ALL_FOR_SHOP, {"shop": shop_id}):
        found[row.clock] = Rule(
            clock=row.clock,
            source="house" if row.shop_id is None else "shop",
            version=row.version,
            steps=STEPS.validate_python(row.steps),
        )
    return found


async def rule_for(work: Work, shop_id: UUID | None, clock: str) -> Rule:
    """As set at most ten seconds ago, and exactly as this work has set it. Without a shop: the house's."""
    key = (shop_id, shop_id is None or work.actor.sees(shop_id))
    known = await remembered.recall(work, key, lambda: _load(work, shop_id))
    if clock in known:
        return known[clock]
    return Rule(clock=clock, source="default", version=0, steps=DEFAULTS.get(clock, OTHERS))


async def rules_in_shop(work: Work, shop_id: UUID | None) -> list[Rule]:
    """Of every clock that there is, those of cases first. Without a shop the house's. Needs `promises.read`."""
    work.require("promises.read")
    if shop_id is not None:
        await get_shop(work, shop_id)
    clocks = [*DEFAULTS, *(name for name in sorted(DEFAULT_TERMS) if name not in DEFAULTS)]
    return [await rule_for(work, shop_id, clock) for clock in clocks]


def _may_write(work: Work, shop_id: UUID | None) -> None:
    work.require("promises.write")
    if shop_id is None and work.actor.shops is not None:
        raise NotAllowed(needed="every shop")


SET = text(
    """
    INSERT INTO escalation_rule (id, shop_id, clock, steps, version, changed_by, changed_at)
    VALUES (:id, :shop, :clock, CAST(:steps AS jsonb), 1, :by, :now)
    ON CONFLICT (clock, shop_id) DO UPDATE SET steps = excluded.steps, version = escalation_rule.version + 1,
      changed_by = excluded.changed_by, changed_at = excluded.changed_at
    RETURNING id, version
    """
)


async def set_rule(work: Work, new: NewRule) -> Rule:
    """From now on; steps that a clock has set off already are taken as they were. Needs `promises.write`, in every shop for what
    holds for the house."""
    _may_write(work, new.shop_id)
    if new.shop_id is not None:
        await get_shop(work, new.shop_id)
    steps = by_time(new.steps)
    row = (
        await work.session.execute(
            SET,
            {
                "id": work.new_id(),
                "shop": new.shop_id,
                "clock": new.clock,
                "steps": to_json([wish.model_dump(mode="json", exclude_none=True) for wish in steps]),
                "by": work.actor.id,
                "now": work.now,
            },
        )
    ).one()
    remembered.forget_with(work)
    work.record(
        EscalationRuleSet(
            shop_id=new.shop_id,
            escalation_rule_id=row.id,
            clock=new.clock,
            version=row.version,
            steps=len(steps),
        )
    )
    return await rule_for(work, new.shop_id, new.clock)


async def withdraw_rule(work: Work, shop_id: UUID | None, clock: str) -> None:
    """The house's rule holds again, or the default. Harmless where there is none."""
    _may_write(work, shop_id)
    if shop_id is not None:
        await get_shop(work, shop_id)
    gone = await work.session.scalars(
        text(
            "DELETE FROM escalation_rule WHERE clock = :clock AND shop_id IS NOT DISTINCT FROM :shop RETURNING id"
        ),
        {"clock": clock, "shop": shop_id},
    )
    remembered.forget_with(work)
    for rule_id in gone:
        work.record(EscalationRuleWithdrawn(shop_id=shop_id, escalation_rule_id=rule_id, clock=clock))


def by_time(steps: Sequence[EscalationWish]) -> tuple[EscalationWish, ...]:
    """As they are taken: at the warning before at the break, and each in its order."""
    order = list(Step)
    return tuple(sorted(steps, key=lambda wish: (order.index(wish.when), wish.after_minutes)))

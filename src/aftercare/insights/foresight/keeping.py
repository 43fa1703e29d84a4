"""What the worker does for foresight: learns anew every week, tells the chances of what is open, and watches whether it still fits.

A version serves only when on the latest weeks, which it had not seen, it is surely better than chance, truer than the plain share, and not
worse than the one before. Else nothing is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from aftercare.insights.foresight.events import ForesightModelDrifted, ForesightModelTrained
from aftercare.insights.foresight.model import (
    ForesightChance,
    ForesightModel,
    ForesightProduct,
    ForesightRound,
    ForesightWatch,
    Foretells,
    ModelState,
    Silent,
)
from aftercare.insights.foresight.products import rising, sold_and_failed
from aftercare.insights.foresight.shelf import ForesightShelf
from aftercare.journal import SYSTEM, Actor, House, Work, begin

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from aftercare.insights.foresight.features import Moment
    from aftercare.insights.foresight.glances import ChanceModel, Glances
    from aftercare.insights.foresight.lateness import LateModel, Why
    from aftercare.insights.foresight.proving import Trial

    AnyModel: TypeAlias = LateModel | ChanceModel
    Numbers: TypeAlias = NDArray[np.float64]
    Truths: TypeAlias = NDArray[np.bool_]

LEARNS_EVERY, TELLS_EVERY = timedelta(days=7), timedelta(hours=1)
LATEST = timedelta(days=28)
"""The weeks whose drift is watched."""
LOOKS_BACK = timedelta(days=400)
ROWS_AT_ONCE = 2_000
ENOUGH_TO_LOOK = 150
"""Orders that arrived or cases that were solved, with less of which nothing is loaded to learn with."""
DRIFTED = 0.25
LEARNING, TELLING = "learning", "telling"
ORDERS: dict[Foretells, Moment] = {
    Foretells.order_approved: "approved",
    Foretells.order_handed_over: "handed_over",
}
CASES = (
    Foretells.case_late,
    Foretells.case_reopened,
    Foretells.case_escalated,
    Foretells.case_disputed,
)


@dataclass(frozen=True)
class Learned:
    """What became of one kind. `too_few`: how many there were to learn from, and to how many it happened; `silent`: why it was
    learned and does not serve."""

    name: Foretells
    version: int = 0
    serves: bool = False
    scores: dict[str, Any] | None = None
    too_few: tuple[int, int] | None = None
    silent: Silent | None = None


@dataclass(frozen=True)
class _Ground:
    """What is learned from, as of one moment."""

    now: datetime
    orders: pd.DataFrame
    book: Any
    people: Glances

    def glances(self, name: Foretells) -> Glances:
        from aftercare.insights.foresight import matters

        return self.people if name is Foretells.customer_leaves else matters.glances_of(self.book, name)


@dataclass(frozen=True)
class _Serving:
    id: UUID
    version: int
    model: AnyModel


@dataclass(frozen=True)
class _Row:
    """A chance as it is kept."""

    subject_id: UUID
    shop_id: UUID
    chance: float
    why: list[Why]
    due_at: datetime | None


def shelf_of(house: House) -> ForesightShelf:
    """Refuses with PortMissing where models cannot be kept."""
    return house.port(ForesightShelf)


async def keep(house: House) -> None:
    """The worker's round: learns when a week has passed and tells chances every hour. Does nothing where little has happened yet."""
    if ForesightShelf not in house.ports:
        return
    async with begin(house, SYSTEM) as work:
        if not await _is_worth_it(work):
            return
        at = {row.name: row.at for row in await work.session.scalars(select(ForesightRound))}
        now = work.now
    learns = LEARNING not in at or now - at[LEARNING] >= LEARNS_EVERY
    if not learns and TELLING in at and now - at[TELLING] < TELLS_EVERY:
        return
    if learns or (await _serving(house))[1]:
        await learn(house)
    await tell(house)


async def _is_worth_it(work: Work) -> bool:
    for rows in ("sales_order WHERE delivered_at IS NOT NULL", "service_case WHERE solved_at IS NOT NULL"):
        some = f"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT :enough) found"  # noqa: S608  # our own words
        if await work.session.scalar(text(some), {"enough": ENOUGH_TO_LOOK}) == ENOUGH_TO_LOOK:
            return True
    return False


async def _note(work: Work, name: str) -> None:
    put = insert(ForesightRound).values(name=name, at=work.now)
    await work.session.execute(
        put.on_conflict_do_update(index_elements=["name"], set_={"at": put.excluded.at})
    )


async def _ground(house: House) -> _Ground:
    from aftercare.insights.foresight import customers, matters, orders

    async with begin(house, SYSTEM) as work:
        since = work.now - LOOKS_BACK
        return _Ground(
            now=work.now,
            orders=await orders.from_database(work, since),
            book=await matters.case_book(work, since),
            people=await customers.customer_glances(work, since),
        )


async def _serving(house: House) -> tuple[dict[Foretells, _Serving], bool]:
    """The models that serve, and whether one of them cannot be read: it is gone, or of another version of the program."""
    from aftercare.insights.foresight.glances import ChanceModel
    from aftercare.insights.foresight.lateness import LateModel

    found: dict[Foretells, _Serving] = {}
    lost = False
    async with begin(house, SYSTEM) as work:
        rows = (
            await work.session.scalars(
                select(ForesightModel).where(ForesightModel.state == ModelState.serving)
            )
        ).all()
    for row in rows:
        told = shelf_of(house).get(row.name, row.version, row.digest)
        try:
            if told is None:
                raise ValueError("gone")
            model: AnyModel = LateModel.load(told) if row.name in ORDERS else ChanceModel.load(told)
        except (TypeError, KeyError, ValueError):
            lost = True
        else:
            found[row.name] = _Serving(row.id, row.version, model)
    return found, lost


# Learning


async def learn(house: House, actor: Actor = SYSTEM) -> list[Learned]:
    """Every kind anew, from the whole installation; no transaction is open meanwhile. Needs `insights.write`; refuses with PortMissing."""
    shelf_of(house)
    async with begin(house, actor) as work:
        work.require("insights.write")
    ground, (serving, _) = await _ground(house), await _serving(house)
    done = [await _learn_one(house, name, ground, serving.get(name)) for name in Foretells]
    async with begin(house, SYSTEM) as work:
        await _note(work, LEARNING)
    return done


async def _learn_one(house: House, name: Foretells, ground: _Ground, serving: _Serving | None) -> Learned:
    from aftercare.insights.foresight.lateness import TooFew

    try:
        model, learned, happened, trial = await asyncio.to_thread(
            _learn_and_try, name, ground, serving.model if serving else None
        )
    except TooFew as few:
        return Learned(name, too_few=(few.arrived, few.late))
    told = model.dump()
    async with begin(house, SYSTEM) as work:
        version = 1 + (
            await work.session.scalar(
                select(func.max(ForesightModel.version)).where(ForesightModel.name == name)
            )
            or 0
        )
        digest = shelf_of(house).put(name, version, told)
        # What cannot be told from chance now is not told by an older version either.
        if trial.serves or trial.silent is not None:
            await silence(work, name)
        row = ForesightModel(
            id=work.new_id(),
            name=name,
            version=version,
            state=ModelState.serving if trial.serves else ModelState.refused,
            digest=digest,
            learned_from=learned,
            happened=happened,
            known_at=ground.now,
            trained_at=work.now,
            scores=trial.scores,
            compared=trial.compared,
        )
        work.session.add(row)
        work.record(
            ForesightModelTrained(
                foresight_model_id=row.id,
                foretells=name,
                version=version,
                learned_from=learned,
                serves=trial.serves,
            )
        )
    return Learned(name, version, trial.serves, trial.scores, silent=trial.silent)


async def silence(work: Work, name: Foretells) -> None:
    """No version serves, and no chance is told any more, until another one does."""
    await work.session.execute(
        update(ForesightModel)
        .where(ForesightModel.name == name, ForesightModel.state == ModelState.serving)
        .values(state=ModelState.replaced)
    )
    await work.session.execute(delete(ForesightChance).where(ForesightChance.name == name))


def _learn_and_try(
    name: Foretells, ground: _Ground, old: AnyModel | None
) -> tuple[AnyModel, int, int, Trial]:
    """The model from all that is known, and how one without the latest weeks does on them. Raises TooFew."""
    from aftercare.insights.foresight import customers, lateness, matters
    from aftercare.insights.foresight import glances as looked_at
    from aftercare.insights.foresight.features import MOMENTS, features, late
    from aftercare.insights.foresight.proving import Material, prove

    if name in ORDERS:
        moment, rows = ORDERS[name], ground.orders
        made = features(rows, moment)
        model = lateness.learn(rows, moment, ground.now, made=made)
        of_orders = Material[lateness.LateModel](
            begun=rows[MOMENTS[moment]],
            subjects=rows.id,
            happened=late(rows),
            lag=timedelta(0),
            foretold=lambda by: by.chances(rows, made),
            learn_until=lambda until: lateness.learn(rows, moment, until, made=made, seeds=1),
        )
        return model, model.arrived, model.late, prove(of_orders, ground.now, cast("LateModel | None", old))
    glances = ground.glances(name)
    grown = looked_at.learn(glances, ground.now)
    of_glances = Material[looked_at.ChanceModel](
        begun=glances.about["at"],
        subjects=glances.about["subject"],
        happened=glances.happened,
        # What is foretold takes its time to be known: the latest weeks are those that it is known of.
        lag=timedelta(days=customers.HORIZON if name is Foretells.customer_leaves else matters.WITHIN),
        foretold=lambda by: by.chances(glances.made),
        learn_until=lambda until: looked_at.learn(glances, until),
    )
    trial = prove(of_glances, ground.now, cast("ChanceModel | None", old))
    return grown, grown.learned, grown.happened, trial


# Telling


async def tell(house: House) -> dict[Foretells, int]:
    """The chances of all that is open, as of now, and how the models do; how many were told of each kind."""
    ground, (serving, _) = await _ground(house), await _serving(house)
    told: dict[Foretells, int] = {}
    for name, of in serving.items():
        rows, watch = await asyncio.to_thread(_tell_one, name, of, ground)
        async with begin(house, SYSTEM) as work:
            await _put_chances(work, name, of, rows)
            await _put_watch(work, name, of, watch)
        told[name] = len(rows)
    async with begin(house, SYSTEM) as work:
        await _put_products(work)
        await _note(work, TELLING)
    return told


def _tell_one(name: Foretells, of: _Serving, ground: _Ground) -> tuple[list[_Row], dict[str, Any]]:
    from aftercare.insights.foresight.features import MOMENTS, REASON_OF, features, late

    model: AnyModel
    if name in ORDERS:
        moment, orders, model = ORDERS[name], ground.orders, cast("LateModel", of.model)
        made = features(orders, moment)
        now_chances = model.chances(orders, made, ground.now)
        is_open = (
            orders.delivered_at.isna() & orders[MOMENTS[moment]].notna() & (orders.promised_at > ground.now)
        )
        if moment == "approved":
            is_open &= orders.handed_over_at.isna()
        chosen = is_open.to_numpy()
        whys = model.whys(orders[chosen], made[chosen]) if chosen.any() else []
        rows = [
            _Row(UUID(order.id), UUID(order.shop_id), float(chance), why, order.promised_at.to_pydatetime())
            for order, chance, why in zip(orders[chosen].itertuples(), now_chances[chosen], whys, strict=True)
        ]
        watch = _watched(
            orders[MOMENTS[moment]],
            late(orders),
            model.chances(orders, made),
            made,
            model,
            ground.now,
            REASON_OF,
        )
        return rows, watch
    glances, model = ground.glances(name), cast("ChanceModel", of.model)
    chances = model.chances(glances.made)
    chosen = glances.about.is_now.to_numpy()
    whys = model.whys(glances.made[chosen], glances.reason_of) if chosen.any() else []
    rows = [
        _Row(UUID(about.subject), UUID(about.shop), float(chance), why, None)
        for about, chance, why in zip(glances.about[chosen].itertuples(), chances[chosen], whys, strict=True)
    ]
    watch = _watched(
        glances.about["at"], glances.happened, chances, glances.made, model, ground.now, glances.reason_of
    )
    return rows, watch


def _watched(
    begun: pd.Series[Any],
    happened: Numbers,
    chances: Numbers,
    made: pd.DataFrame,
    model: AnyModel,
    now: datetime,
    reason_of: Mapping[str, str],
) -> dict[str, Any]:
    """What came in in the latest weeks beside what was learned from, by the reason that it stands for, and how true the chances of what has
    ended were."""
    import numpy as np

    from aftercare.insights.foresight.scoring import scores

    lately = (begun >= now - LATEST).to_numpy() & (begun <= now).to_numpy()
    if not lately.any():
        return {"count": 0}
    drift = model.likeness.drift(made[lately].assign(chance=chances[lately]))
    chance_drift = drift.pop("chance")
    by_reason: dict[str, float] = {}
    for feature, one in drift.items():
        reason = reason_of.get(feature, feature)
        by_reason[reason] = max(by_reason.get(reason, 0.0), one)
    ended = (begun >= now - 3 * LATEST).to_numpy() & np.isfinite(happened) & (begun <= now).to_numpy()
    found = scores(happened[ended], chances[ended], model.usual) if ended.any() else None
    return {
        "count": int(lately.sum()),
        "chance_drift": chance_drift,
        "drift": dict(sorted(by_reason.items(), key=lambda one: -one[1])[:8]),
        "ended": found.count if found else 0,
        "brier": found.brier if found else None,
        "brier_plain": found.brier_plain if found else None,
    }


async def _put_chances(work: Work, name: Foretells, of: _Serving, rows: Sequence[_Row]) -> None:
    await work.session.execute(delete(ForesightChance).where(ForesightChance.name == name))
    values = [
        {
            "name": name,
            "subject_id": row.subject_id,
            "shop_id": row.shop_id,
            "model_id": of.id,
            "chance": min(1.0, max(0.0, row.chance)),
            "usual": of.model.usual,
            "why": [asdict(why) for why in row.why],
            "due_at": row.due_at,
            "told_at": work.now,
        }
        for row in rows
    ]
    for start in range(0, len(values), ROWS_AT_ONCE):
        await work.session.execute(insert(ForesightChance), values[start : start + ROWS_AT_ONCE])


async def _put_watch(work: Work, name: Foretells, of: _Serving, watch: dict[str, Any]) -> None:
    if not watch["count"]:
        return
    day = work.now.date()
    before = await work.session.scalar(
        select(ForesightWatch.chance_drift)
        .where(ForesightWatch.model_id == of.id)
        .order_by(ForesightWatch.on_day.desc())
        .limit(1)
    )
    put = insert(ForesightWatch).values(model_id=of.id, on_day=day, **watch)
    await work.session.execute(
        put.on_conflict_do_update(
            index_elements=["model_id", "on_day"], set_={key: put.excluded[key] for key in watch}
        )
    )
    # Told once, when it begins.
    if watch["chance_drift"] >= DRIFTED and (before is None or before < DRIFTED):
        work.record(ForesightModelDrifted(foresight_model_id=of.id, foretells=name, version=of.version))


async def _put_products(work: Work) -> None:
    since, sold = await sold_and_failed(work, work.now)
    await work.session.execute(delete(ForesightProduct))
    values = [
        {
            "product_id": one.sold.product_id,
            "batch": one.sold.batch,
            "shop_id": one.sold.shop_id,
            "since": since,
            "units": one.sold.units,
            "failed": one.sold.failed,
            "units_before": one.sold.units_before,
            "failed_before": one.sold.failed_before,
            "low": one.low,
            "high": one.high,
            "p": one.p,
            "q": one.q,
            "rises": one.rises,
            "told_at": work.now,
        }
        for one in rising(sold)
    ]
    if values:
        await work.session.execute(insert(ForesightProduct), values)

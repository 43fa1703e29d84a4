"""What the journal is looked at by: claims, cases and orders, each as a log with its own handbook.

Orders are told by the moments that the shop's system kept, not by facts: also those that were there before us.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from aftercare.claims import MOVED, ClaimKind, followings
from aftercare.insights.lake import LakeOf
from aftercare.insights.process.conformance import OUTSIDE, Conformance, Deviation, Model, conform
from aftercare.insights.process.journal import ACTIVE, STAGES, JournalLog, Selection, mark_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

PLACED, PAID, SHIPPED, DELIVERED, REVIEWED, CANCELLED = (
    "order.placed", "order.paid", "order.shipped", "order.delivered", "order.reviewed", "order.cancelled",
)  # fmt: skip
MOMENTS = {
    PLACED: "placed_at",
    PAID: "approved_at",
    SHIPPED: "handed_over_at",
    DELIVERED: "delivered_at",
    CANCELLED: "cancelled_at",
}
WAY = (*MOMENTS, REVIEWED)
"""At the same moment they come in this order."""

HANDBOOK_OF_ORDERS = Model(
    "handbook",
    dict.fromkeys(
        [
            (OUTSIDE, PLACED), (PLACED, PAID), (PAID, SHIPPED), (SHIPPED, DELIVERED), (DELIVERED, REVIEWED),
            (PLACED, CANCELLED), (PAID, CANCELLED), (CANCELLED, REVIEWED),
            (DELIVERED, OUTSIDE), (REVIEWED, OUTSIDE), (CANCELLED, OUTSIDE),
        ]
    ),
)  # fmt: skip


class _Clocked(JournalLog):
    """Claims and cases: what is late is told by their clocks."""

    @property
    def late_clocks(self) -> ir.Table:
        """Promises of ours that were broken: not the time that a customer let run out."""
        clocks = self.tables.clocks
        theirs = clocks.name.startswith("claim.") & ~clocks.name.isin(sorted(our_clocks()))
        return clocks.filter(clocks.late & clocks[self.chosen.id].notnull() & ~theirs)

    @property
    def late_ids(self) -> ir.Table:
        late = self.late_clocks
        return late.select(late_id=late[self.chosen.id]).distinct()

    def late(self) -> list[Deviation]:
        """By clock."""
        import ibis

        chosen = self.steps.select("case").distinct()
        late = self.late_clocks
        late = late.mutate(
            over=(
                ibis.coalesce(late.ended_at, late.settled_at).epoch_seconds() - late.due_at.epoch_seconds()
            ).cast("float64")
        )
        late = late.filter(late[self.chosen.id].isin(chosen.case))
        owners = self.tables.cases.select(owner_of="id", owner="owner_id")
        owned = late.left_join(owners, late.case_id == owners.owner_of)
        rows = self.ask(
            owned.group_by("name").agg(
                cases=owned[self.chosen.id].nunique(),
                count=owned.count(),
                over=owned.over.quantile(0.5),
                first=owned[self.chosen.id].min(),
                last=owned[self.chosen.id].max(),
            )
        )
        who = owned.filter(owned.owner.notnull())
        people: dict[str, list[tuple[str, int]]] = {}
        for row in self.ask(who.group_by(["name", "owner"]).agg(n=who.count())):
            people.setdefault(row["name"], []).append((row["owner"], row["n"]))
        return [
            Deviation(
                "late",
                OUTSIDE,
                row["name"],
                [],
                row["cases"],
                row["count"],
                sorted(people.get(row["name"], ()), key=lambda one: (-one[1], one[0]))[:5],
                sorted({row["first"], row["last"]}),
                max(float(row["over"] or 0.0), 0.0),
            )
            for row in rows
        ]


class ClaimLog(_Clocked):
    """Claims, each against the table of moves of its kind."""

    @property
    def all_steps(self) -> ir.Table:
        steps = self.tables["claim_steps"]
        return steps.mutate(case=steps.claim_id)

    @property
    def objects(self) -> ir.Table:
        return self.tables.claims

    @property
    def ended(self) -> ir.Table:
        return self.objects.filter(self.objects.ended_at.notnull())

    @property
    def still(self) -> ir.Table:
        return self.objects.filter(self.objects.ended_at.isnull())

    def by_the_book(self) -> Conformance:
        steps = self.steps
        kinds = self.objects.select("id", claim_kind="kind", platform_kept=self.objects.platform.notnull())
        # What another platform keeps, it moves by its own rules.
        told = (
            steps.filter(steps.activity != "claim.mirrored").drop("kind").join(kinds, steps.case == kinds.id)
        )
        told = told.mutate(
            activity=told.claim_kind + "/" + told.activity,
            from_activity=told.claim_kind + "/" + told.from_activity,
        )
        found = conform(told, self.ask, handbook_of_claims(), open_cases=True, hand="mover")

        def plain(activity: str) -> str:
            return activity.partition("/")[2]

        merged: dict[tuple[Any, ...], Deviation] = {}
        for one in found.deviations:
            kept = replace(
                one, from_=plain(one.from_), to=plain(one.to), skipped=[plain(each) for each in one.skipped]
            )
            place = (kept.kind, kept.from_, kept.to, tuple(kept.skipped))
            other = merged.get(place)
            if other is not None:
                people: dict[str, int] = dict(other.people)
                for who, count in kept.people:
                    people[who] = people.get(who, 0) + count
                kept = replace(
                    kept,
                    cases=kept.cases + other.cases,
                    count=kept.count + other.count,
                    people=sorted(people.items(), key=lambda each: (-each[1], each[0])),
                    examples=[*other.examples, *kept.examples],
                )
            merged[place] = kept
        return replace(found, deviations=list(merged.values()))


class CaseLog(_Clocked):
    """Cases, against the seven stages."""

    @property
    def all_steps(self) -> ir.Table:
        steps = self.tables["case_steps"]
        return steps.mutate(case=steps.case_id)

    @property
    def objects(self) -> ir.Table:
        return self.tables.cases

    @property
    def ended(self) -> ir.Table:
        return self.objects.filter(self.objects.closed_at.notnull())

    @property
    def still(self) -> ir.Table:
        return self.objects.filter(self.objects.status.isin(ACTIVE))

    def by_the_book(self) -> Conformance:
        return conform(self.steps, self.ask, HANDBOOK_OF_CASES, open_cases=True)


class OrderLog(JournalLog):
    """Orders from placed to reviewed. Late is what came after the day that was promised."""

    @property
    def objects(self) -> ir.Table:
        return self.in_time_and_shop(self.tables.orders, "placed_at")

    @property
    def all_steps(self) -> ir.Table:
        import ibis

        orders = self.objects
        moments = [
            orders.filter(orders[column].notnull()).select(
                "id", "shop_id", "placed_at", at=column, activity=ibis.literal(name), place=WAY.index(name)
            )
            for name, column in MOMENTS.items()
        ]
        ratings = self.tables.ratings
        reviews = (
            ratings.filter(ratings.question == "review").group_by("order_id").agg(at=ratings["at"].min())
        )
        reviewed = orders.inner_join(reviews, orders.id == reviews.order_id)
        moments.append(
            reviewed.select(
                "id", "shop_id", "placed_at", "at", activity=ibis.literal(REVIEWED), place=WAY.index(REVIEWED)
            )
        )
        events = ibis.union(*moments)
        told = ibis.window(group_by="id", order_by=["at", "place"])
        before = events["at"].lag().over(told)
        numbered = events.mutate(
            nth=ibis.row_number().over(told) + 1,
            from_activity=events.activity.lag().over(told),
            wait=(events["at"].epoch_seconds() - before.epoch_seconds()).cast("float64"),
        )
        nobody = ibis.null("string")
        return numbered.select(
            "shop_id", "activity", "at", "from_activity", "wait", "nth",
            case=numbered.id,
            order_id=numbered.id,
            began_at=numbered.placed_at,
            # Whoever did it did it elsewhere.
            resource=ibis.literal("system"),
            from_resource=ibis.ifelse(numbered.from_activity.notnull(), "system", nobody),
            mover=nobody,
            kind=nobody,
            key=numbered.id.hash(),
            mark=mark_of(numbered.activity, numbered.nth, WAY),
        )  # fmt: skip

    @property
    def late_orders(self) -> ir.Table:
        orders = self.objects
        return orders.filter(orders.delivered_at > orders.promised_at)

    @property
    def late_ids(self) -> ir.Table:
        return self.late_orders.select(late_id="id")

    @property
    def ended(self) -> ir.Table:
        orders = self.tables.orders
        return orders.filter(orders.delivered_at.notnull() | orders.cancelled_at.notnull())

    @property
    def still(self) -> ir.Table:
        orders = self.tables.orders
        return orders.filter(orders.delivered_at.isnull() & orders.cancelled_at.isnull())

    def by_the_book(self) -> Conformance:
        return conform(self.steps, self.ask, HANDBOOK_OF_ORDERS, open_cases=True)

    def late(self) -> list[Deviation]:
        """All as one: goods that came too late."""
        late = self.late_orders
        late = late.filter(late.id.isin(self.steps.case))
        over = (late.delivered_at.epoch_seconds() - late.promised_at.epoch_seconds()).cast("float64")
        row = self.ask(
            late.agg(count=late.count(), over=over.quantile(0.5), first=late.id.min(), last=late.id.max())
        )[0]
        if not row["count"]:
            return []
        examples = sorted({row["first"], row["last"]})
        return [
            Deviation("late", OUTSIDE, DELIVERED, [], row["count"], row["count"], [], examples, row["over"])
        ]


@cache
def handbook_of_claims() -> Model:
    """The tables of moves of all kinds; activities are `kind/fact`."""
    pairs: dict[tuple[str, str], float | None] = {}
    hands: dict[str, frozenset[str]] = {}
    for kind in ClaimKind:
        told = followings(kind)

        def named(move: str, kind: ClaimKind = kind) -> str:
            return f"{kind}/{MOVED[move].name}"

        pairs |= {(OUTSIDE, named(move)): None for move in told.begins}
        pairs |= {(named(before), named(after)): None for before, after in told.pairs}
        pairs |= {(named(move), OUTSIDE): None for move in told.ends}
        hands |= {named(move): frozenset(str(who) for who in movers) for move, movers in told.who.items()}
    return Model("handbook", pairs, hands=hands)


@cache
def our_clocks() -> frozenset[str]:
    return frozenset(f"claim.{name}" for kind in ClaimKind for name in followings(kind).ours)


def _stages() -> Model:
    # A case is consulted from the moment it is opened.
    way = [OUTSIDE, "case.opened", *STAGES[1:]]
    pairs: dict[tuple[str, str], float | None] = dict.fromkeys(pairwise(way))
    pairs |= {(stage, OUTSIDE): None for stage in STAGES[4:]}
    return Model("handbook", pairs, whole=False)


HANDBOOK_OF_CASES = _stages()


LOGS: dict[str, type[JournalLog]] = {"claims": ClaimLog, "cases": CaseLog, "orders": OrderLog}


def journal_of(lake: LakeOf, chosen: Selection) -> JournalLog:
    """Our own journal, as the actor of the lake sees it."""
    return LOGS[chosen.of](lake, chosen)

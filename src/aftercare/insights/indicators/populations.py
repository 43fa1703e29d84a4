"""What each indicator is counted from: one expression each, over the tables of the lake.

An expression gives a row for everything that is looked at: `at` and `shop_id`; what it is about (`case_id`, `claim_id`,
`order_id`); `numerator` and `denominator`, or for times also `value` in seconds, empty while it still waits, and then `so_far`: how
long it has waited; for money its `currency`; and the columns that it can be cut by. What is asked for rarely and costs a join (the product of a claim, the channel of
a case) is joined only when it is needed; else its column is empty.

The same expression is answered by DuckDB and Spark from the lake and by PostgreSQL from its views: so only what all three
know in one way is used here, and times are reckoned in seconds since 1970.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import ibis
import ibis.expr.types as ir

from aftercare.insights.costs.model import SERVICE
from aftercare.insights.indicators.times import Moment, stamp
from aftercare.insights.lake import Tables

Rows: TypeAlias = ir.Table
LINKS = ("case_id", "claim_id", "order_id")
OF_PRODUCT = frozenset({"product", "category", "supplier", "batch"})
FAULTS = ("defective", "damaged", "wrong_item", "missing_item", "not_as_described", "counterfeit")
RETURNS = ("return_refund", "refuse_parcel")
NOTHING_COMES_BACK = ("cancel_unshipped", "refund_only")
NO_MATTER = ("duplicate", "spam")
AGAIN = timedelta(days=7)
"""Within so long after it was solved a matter comes back, or is settled."""
DUE_AFTER = timedelta(hours=1)
SATISFACTION = ("csat", "chat", "bot")
GOOD_SCORES = {"csat": 4, "chat": 4, "bot": 4, "review": 4, "effort": 5, "nps": 9}


@dataclass(frozen=True)
class Scope:
    """What is asked of an expression. `needs`: the cuts that will be used; `moments`: for what is of a moment, an array
    of seconds since 1970."""

    tables: Tables
    since: Moment
    until: Moment
    now: Moment
    needs: frozenset[str] = frozenset()
    limit: timedelta = timedelta(0)
    moments: Any = None

    def within(self, instant: Any) -> Any:
        return (instant >= stamp(self.since)) & (instant < stamp(self.until))


POPULATIONS: dict[str, Callable[[Scope], Rows]] = {}


def population(expression: Callable[[Scope], Rows]) -> Callable[[Scope], Rows]:
    POPULATIONS[expression.__name__] = expression
    return expression


def ledger() -> Rows:
    """The lines of the cost ledger, as PostgreSQL has them."""
    ids = ("shop_id", "case_id", "claim_id", "order_id", "product_id", "account_id")
    kinds = dict.fromkeys(ids, "uuid") | {
        "at": "timestamp('UTC')", "kind": "string", "carrier": "string", "quantity": "int64", "amount_cents": "int64",
        "currency": "string",
    }  # fmt: skip
    lines = ibis.table(kinds, name="lake_cost_lines")
    return lines.mutate(**{name: lines[name].cast("string") for name in ids})


def seconds(begins: Any, ends: Any) -> Any:
    return (ends.epoch_seconds() - begins.epoch_seconds()).cast("float64")


def one_if(condition: Any) -> Any:
    return ibis.cases((condition, 1), else_=0).cast("int64")


def nothing(kind: str = "string") -> Any:
    return ibis.null(kind)


def told(rows: Rows, *, at: str, numerator: Any = None, denominator: Any = None, **more: Any) -> Rows:
    """The columns that every expression has, and `more`: an own expression, or the name of a column."""
    one = ibis.literal(1, "int64")
    columns: dict[str, Any] = {
        "at": rows[at],
        "shop_id": rows["shop_id"],
        **{link: rows[link] if link in rows.columns else nothing() for link in LINKS},
        "numerator": one if numerator is None else numerator,
        "denominator": one if denominator is None else denominator,
    }
    columns |= {name: rows[told] if isinstance(told, str) else told for name, told in more.items()}
    return rows.select(**columns)


def with_case(scope: Scope, rows: Rows) -> Rows:
    """The channel, topic and owner of the case, where they are needed and not there."""
    missing = [
        (cut, column, of)
        for cut, column, of in (("channel", "channel", "channel"), ("topic", "topic", "topic"), ("agent", "agent_id", "owner_id"))
        if column not in rows.columns
    ]  # fmt: skip
    needed = [(column, of) for cut, column, of in missing if cut in scope.needs]
    if needed:
        cases = scope.tables.cases
        found = cases.select(of_case=cases.id, **{column: cases[of] for column, of in needed})
        rows = rows.left_join(found, rows.case_id == found.of_case).drop("of_case")
    return rows.mutate(**{column: nothing() for _, column, _ in missing if column not in rows.columns})


def with_product(scope: Scope, rows: Rows) -> Rows:
    """The product of the claim's dearest line, where it is needed."""
    if not OF_PRODUCT & scope.needs:
        return rows.mutate(product_id=nothing(), category=nothing())
    lines = scope.tables.claim_lines
    dearest = ibis.window(group_by=lines.claim_id, order_by=[lines.requested_cents.desc(), lines.id])
    first = lines.mutate(place=ibis.row_number().over(dearest)).filter(ibis._.place == 0)
    found = first.select(of_claim=first.claim_id, product_id=first.product_id, category=first.category)
    return rows.left_join(found, rows.claim_id == found.of_claim).drop("of_claim")


def with_claim(scope: Scope, rows: Rows) -> Rows:
    """IndicatorKind, reason and product of the claim, where they are needed."""
    if scope.needs & {"kind", "reason"}:
        claims = scope.tables.claims
        found = claims.select(of_claim=claims.id, kind=claims.kind, reason=claims.reason)
        rows = rows.left_join(found, rows.claim_id == found.of_claim).drop("of_claim")
    else:
        rows = rows.mutate(kind=nothing(), reason=nothing())
    return with_product(scope, rows)


def with_last_claim(scope: Scope, rows: Rows) -> Rows:
    """Of a case: its newest claim, with kind, reason and product, where they are needed."""
    if not scope.needs & {"kind", "reason", *OF_PRODUCT}:
        return rows.mutate(
            claim_id=nothing(), kind=nothing(), reason=nothing(), product_id=nothing(), category=nothing()
        )
    claims = scope.tables.claims
    newest = ibis.window(group_by=claims.case_id, order_by=[claims.applied_at.desc(), claims.id])
    last = claims.mutate(place=ibis.row_number().over(newest)).filter(ibis._.place == 0)
    found = last.select(of_case=last.case_id, claim_id=last.id, kind=last.kind, reason=last.reason)
    return with_product(scope, rows.left_join(found, rows.case_id == found.of_case).drop("of_case"))


# What customers say


def ratings(scope: Scope, *questions: str) -> Rows:
    table = scope.tables.ratings
    rows = table.filter(table.question.isin(questions), scope.within(table.at))
    return with_claim(scope, with_case(scope, rows.rename(agent_id="account_id")))


def _told_rating(rows: Rows, numerator: Any, **more: Any) -> Rows:
    return told(
        rows, at="at", numerator=numerator, channel="channel", agent_id="agent_id", kind="kind", reason="reason",
        product_id="product_id", category="category", question="question", **more,
    )  # fmt: skip


@population
def csat(scope: Scope) -> Rows:
    rows = ratings(scope, *SATISFACTION)
    return _told_rating(rows, one_if(rows.score >= GOOD_SCORES["csat"]))


@population
def nps(scope: Scope) -> Rows:
    rows = ratings(scope, "nps")
    return _told_rating(
        rows, ibis.cases((rows.score >= 9, 100), (rows.score <= 6, -100), else_=0).cast("int64")
    )


@population
def effort(scope: Scope) -> Rows:
    rows = ratings(scope, "effort")
    return _told_rating(rows, rows.score)


@population
def bot_rating(scope: Scope) -> Rows:
    rows = ratings(scope, "bot")
    return _told_rating(rows, rows.score)


@population
def review_score(scope: Scope) -> Rows:
    table = scope.tables.ratings
    rows = table.filter(table.question == "review", scope.within(table.at)).drop("channel")
    return _told_review(scope, rows, rows.score)


def _told_review(scope: Scope, rows: Rows, numerator: Any) -> Rows:
    rows = rows.mutate(points=numerator)
    if scope.needs & {"carrier", "region"}:
        orders = scope.tables.orders
        found = orders.select(of_order=orders.id, carrier=orders.carrier, region=orders.region)
        rows = rows.left_join(found, rows.order_id == found.of_order).drop("of_order")
    else:
        rows = rows.mutate(carrier=nothing(), region=nothing())
    if scope.needs & OF_PRODUCT:
        lines = scope.tables.order_lines
        dearest = ibis.window(group_by=lines.order_id, order_by=[lines.paid_cents.desc(), lines.id])
        first = lines.mutate(place=ibis.row_number().over(dearest)).filter(ibis._.place == 0)
        found = first.select(of_order=first.order_id, product_id=first.product_id, category=first.category)
        rows = rows.left_join(found, rows.order_id == found.of_order).drop("of_order")
    else:
        rows = rows.mutate(product_id=nothing(), category=nothing())
    return told(
        rows, at="at", numerator=rows.points, carrier="carrier", region="region", product_id="product_id",
        category="category",
    )  # fmt: skip


@population
def voice_answers(scope: Scope) -> Rows:
    return _told_rating(ratings(scope, *GOOD_SCORES), None)


@population
def voice_positive(scope: Scope) -> Rows:
    rows = ratings(scope, *GOOD_SCORES)
    least = ibis.cases(*((rows.question == name, score) for name, score in GOOD_SCORES.items()))
    return _told_rating(rows, one_if(rows.score >= least))


# How long it takes


def waited(scope: Scope, rows: Rows, begins: str, ends: str, **more: Any) -> Rows:
    """From `begins` to `ends`; who still waits counts once the limit is over, with the wait so far, and is younger than it not at
    all."""
    rows = rows.filter(rows[ends].notnull() | (rows[begins] <= stamp(scope.now - scope.limit)))
    took, so_far = seconds(rows[begins], rows[ends]), seconds(rows[begins], stamp(scope.now))
    within = one_if(took <= scope.limit.total_seconds())
    return told(rows, at=begins, numerator=within, value=took, so_far=so_far, **more)


def clocks_named(scope: Scope, name: str) -> Rows:
    table = scope.tables.clocks
    rows = table.filter(table.name == name, table.state != "cancelled", scope.within(table.started_at))
    rows = rows.mutate(
        done_at=ibis.cases((rows.state == "kept", rows.ended_at), (rows.state == "fired", rows.settled_at))
    )
    return waited(
        scope, with_case(scope, rows), "started_at", "done_at", channel="channel", agent_id="agent_id"
    )


@population
def first_answer(scope: Scope) -> Rows:
    return clocks_named(scope, "case.first_answer")


@population
def next_answer(scope: Scope) -> Rows:
    return clocks_named(scope, "case.next_answer")


def solved(scope: Scope) -> Rows:
    """Cases that came to their end within the time: solved, or closed at once."""
    cases = scope.tables.cases
    rows = cases.mutate(ended_at=ibis.coalesce(cases.solved_at, cases.closed_at), case_id=cases.id)
    rows = rows.filter(scope.within(rows.ended_at), rows.closing.isnull() | rows.closing.notin(NO_MATTER))
    return rows.rename(agent_id="owner_id")


@population
def resolution(scope: Scope) -> Rows:
    rows = solved(scope)
    took = seconds(rows.opened_at, rows.ended_at)
    return told(
        rows, at="ended_at", numerator=one_if(took <= scope.limit.total_seconds()), value=took, channel="channel",
        topic="topic", agent_id="agent_id",
    )  # fmt: skip


@population
def handling_time(scope: Scope) -> Rows:
    lines = ledger()
    people = lines.filter(lines.kind == "people")
    spent = people.group_by(of_case=people.case_id).aggregate(spent=people.quantity.sum())
    rows = solved(scope)
    rows = with_last_claim(scope, rows.inner_join(spent, rows.case_id == spent.of_case).drop("of_case"))
    return told(
        rows, at="ended_at", value=rows.spent.cast("float64"), channel="channel", topic="topic", agent_id="agent_id",
        kind="kind", reason="reason", product_id="product_id", category="category",
    )  # fmt: skip


def claims_where(scope: Scope, *conditions: Callable[[Rows], Any]) -> Rows:
    table = scope.tables.claims
    rows = table.filter(table.state != "draft", *(condition(table) for condition in conditions))
    rows = rows.mutate(claim_id=rows.id)
    rows = with_case(scope, rows) if "agent" in scope.needs else rows.mutate(agent_id=nothing())
    return with_product(scope, rows)


OF_CLAIM = {name: name for name in ("channel", "kind", "reason", "product_id", "category", "agent_id")}


@population
def fault_resolution(scope: Scope) -> Rows:
    rows = claims_where(
        scope,
        lambda claim: claim.reason.isin(FAULTS),
        lambda claim: claim.state != "cancelled",
        lambda claim: scope.within(claim.ended_at),
    )
    took = seconds(rows.applied_at, rows.ended_at)
    return told(
        rows, at="ended_at", numerator=one_if(took <= scope.limit.total_seconds()), value=took, **OF_CLAIM
    )


@population
def claim_decision(scope: Scope) -> Rows:
    rows = claims_where(
        scope,
        lambda claim: scope.within(claim.applied_at),
        lambda claim: claim.decided_at.notnull() | claim.ended_at.isnull(),
    )
    return waited(scope, rows, "applied_at", "decided_at", **OF_CLAIM)


@population
def refund_time(scope: Scope) -> Rows:
    table = scope.tables.refunds
    rows = with_case(scope, table.filter(scope.within(table.requested_at)))
    if scope.needs & {"kind", "reason"}:
        rows = with_claim(scope, rows)
    else:
        rows = rows.mutate(kind=nothing(), reason=nothing())
    return waited(
        scope,
        rows,
        "requested_at",
        "paid_at",
        channel="channel",
        kind="kind",
        reason="reason",
        method="method",
    )


@population
def self_service_refund(scope: Scope) -> Rows:
    rows = claims_where(
        scope,
        lambda claim: claim.outcome == "approve",
        lambda claim: claim.kind.isin(NOTHING_COMES_BACK),
        lambda claim: claim.state != "cancelled",
        lambda claim: scope.within(claim.applied_at),
    )
    refunds = scope.tables.refunds
    first = refunds.group_by(of_claim=refunds.claim_id).aggregate(asked_at=refunds.requested_at.min())
    rows = rows.left_join(first, rows.claim_id == first.of_claim).drop("of_claim")
    return waited(scope, rows, "applied_at", "asked_at", **OF_CLAIM)


# How much there is, and whether it is solved once


@population
def contacts(scope: Scope) -> Rows:
    cases = scope.tables.cases
    rows = cases.filter(scope.within(cases.opened_at)).mutate(case_id=cases.id)
    return told(rows, at="opened_at", channel="channel", topic="topic", agent_id=rows.owner_id)


OPENS = ("case.opened", "case.reopened", "case.ending_undone")


def open_at_moments(scope: Scope) -> Rows:
    """A row for each case and each moment at which it was open, by what the journal says of it."""
    facts = scope.tables.facts
    told = facts.filter(
        facts.name.isin((*OPENS, "case.solved", "case.closed")),
        facts.case_id.notnull(),
        facts.at < stamp(scope.until),
    )
    then = ibis.window(group_by=told.case_id, order_by=[told.at, told.position])
    spans = told.mutate(next_at=told.at.lead().over(then))
    spans = spans.filter(
        spans.name.isin(OPENS),
        spans.status.isnull() | (spans.status != "solved"),
        spans.next_at.isnull() | (spans.next_at >= stamp(scope.since)),
    )
    spans = spans.mutate(opens=spans.at.epoch_seconds(), ends=spans.next_at.epoch_seconds())
    rows = spans.cross_join(scope.moments.unnest().name("moment").as_table())
    rows = rows.filter(rows.opens < rows.moment, rows.ends.isnull() | (rows.ends >= rows.moment))
    # Since when the matter is open, and not since when it is open again.
    cases = scope.tables.cases
    found = cases.select(
        of_case=cases.id,
        opened_at=cases.opened_at,
        of_channel=cases.channel,
        topic=cases.topic,
        agent_id=cases.owner_id,
    )
    return rows.drop("channel").inner_join(found, rows.case_id == found.of_case).rename(channel="of_channel")


@population
def backlog(scope: Scope) -> Rows:
    rows = open_at_moments(scope)
    return told(rows, at="opened_at", moment="moment", channel="channel", topic="topic", agent_id="agent_id")


@population
def backlog_age(scope: Scope) -> Rows:
    rows = open_at_moments(scope)
    age = (rows.moment - rows.opened_at.epoch_seconds()).cast("float64")
    return told(
        rows, at="opened_at", numerator=one_if(age <= scope.limit.total_seconds()), value=age, moment="moment",
        channel="channel", topic="topic", agent_id="agent_id",
    )  # fmt: skip


def first_solved(scope: Scope) -> Rows:
    """Cases first solved within the time and at least seven days ago, with what came after: `reopened` and `again` (the customer
    came back with the same matter) count within these seven days. What was called solved by a slip, and taken back, was not."""
    facts, cases = scope.tables.facts, scope.tables.cases
    told = facts.filter(facts.name.isin(("case.solved", "case.reopened", "case.ending_undone")))
    told = told.filter(told.status.isnull() | (told.status != "solved"))
    then = ibis.window(group_by=told.case_id, order_by=[told.at, told.position])
    told = told.mutate(next_name=told.name.lead().over(then))
    told = told.filter(
        told.name == "case.solved",
        told.at < stamp(scope.until),
        told.next_name.isnull() | (told.next_name != "case.ending_undone"),
    )
    first = told.group_by(of_case=told.case_id).aggregate(first_at=told.at.min())
    first = first.filter(scope.within(first.first_at), first.first_at <= stamp(scope.now - AGAIN))
    rows = first.inner_join(cases, first.of_case == cases.id)
    rows = rows.filter(rows.closing.isnull() | rows.closing.notin(NO_MATTER)).mutate(case_id=rows.of_case)
    until = stamp(scope.until + AGAIN)

    back = facts.filter(facts.name == "case.reopened", facts.at >= stamp(scope.since), facts.at < until)
    back = back.select(reopened_case=back.case_id, reopened_at=back.at)
    hit = first.inner_join(back, first.of_case == back.reopened_case)
    hit = hit.filter(_soon(hit.first_at, hit.reopened_at)).select(reopened_case=hit.of_case).distinct()
    rows = rows.left_join(hit, rows.case_id == hit.reopened_case)

    later = cases.filter(cases.opened_at >= stamp(scope.since), cases.opened_at < until)
    later = later.select(
        of_customer=later.customer_id, again_id=later.id, again_at=later.opened_at, again_order=later.order_id
    )
    before = rows.select(
        first_case=rows.case_id, first_at=rows.first_at, customer_id=rows.customer_id, order_id=rows.order_id
    )
    came = before.inner_join(later, before.customer_id == later.of_customer)
    came = came.filter(
        came.again_id != came.first_case,
        _soon(came.first_at, came.again_at),
        came.order_id.isnull() | came.again_order.isnull() | (came.order_id == came.again_order),
    )
    came = came.select(again_case=came.first_case).distinct()
    rows = rows.left_join(came, rows.case_id == came.again_case)
    return rows.mutate(reopened_again=rows.reopened_case.notnull(), came_again=rows.again_case.notnull())


def _soon(first: Any, later: Any) -> Any:
    return (later > first) & (later.epoch_seconds() <= first.epoch_seconds() + int(AGAIN.total_seconds()))


def _told_solved(rows: Rows, numerator: Any) -> Rows:
    return told(
        rows, at="first_at", numerator=numerator, channel="channel", topic="topic", agent_id=rows.owner_id
    )


@population
def first_contact_resolution(scope: Scope) -> Rows:
    rows = first_solved(scope)
    said = scope.tables.messages
    said = said.filter(said.author_kind != "customer", said.kind == "message")
    said = said.select(said_case=said.case_id, said_at=said.at)
    before = rows.select(of_case=rows.case_id, solved_at=rows.first_at)
    answers = before.inner_join(said, before.of_case == said.said_case)
    answers = answers.filter(answers.said_at <= answers.solved_at)
    answers = answers.group_by(answered_case=answers.of_case).aggregate(answers=answers.count())
    rows = rows.left_join(answers, rows.case_id == answers.answered_case)
    once = (rows.answers.isnull() | (rows.answers <= 1)) & ~rows.reopened_again & ~rows.came_again
    return _told_solved(rows, one_if(once))


@population
def resolved_once(scope: Scope) -> Rows:
    rows = first_solved(scope)
    return _told_solved(rows, one_if(~rows.reopened_again & ~rows.came_again))


@population
def recontacts(scope: Scope) -> Rows:
    rows = first_solved(scope)
    return _told_solved(rows, one_if(rows.came_again))


@population
def reopenings(scope: Scope) -> Rows:
    rows = first_solved(scope)
    return _told_solved(rows, one_if(rows.reopened_again))


@population
def escalations(scope: Scope) -> Rows:
    cases, facts = scope.tables.cases, scope.tables.facts
    rows = cases.filter(scope.within(cases.opened_at)).mutate(case_id=cases.id)
    hit = facts.filter(facts.name == "case.escalated", facts.at >= stamp(scope.since))
    hit = hit.select(escalated=hit.case_id).distinct()
    rows = rows.left_join(hit, rows.case_id == hit.escalated)
    return told(
        rows, at="opened_at", numerator=one_if(rows.escalated.notnull()), channel="channel", topic="topic",
        agent_id=rows.owner_id,
    )  # fmt: skip


@population
def disputes(scope: Scope) -> Rows:
    rows = claims_where(scope, lambda claim: scope.within(claim.applied_at))
    facts = scope.tables.facts
    hit = facts.filter(facts.name == "claim.disputed", facts.at >= stamp(scope.since))
    hit = hit.select(disputed=hit.claim_id).distinct()
    rows = rows.left_join(hit, rows.claim_id == hit.disputed)
    return told(rows, at="applied_at", numerator=one_if(rows.disputed.notnull()), **OF_CLAIM)


@population
def automation(scope: Scope) -> Rows:
    rows = claims_where(scope, lambda claim: scope.within(claim.decided_at))
    return told(rows, at="decided_at", numerator=one_if(rows.outcome.isin(("approve", "reject"))), **OF_CLAIM)


LIKE_CLAIMS = 5


@population
def consistency(scope: Scope) -> Rows:
    """The first decision of a claim, if people made it, beside those of like claims."""
    facts, claims = scope.tables.facts, scope.tables.claims
    decided = facts.filter(facts.name.isin(("claim.approved", "claim.rejected", "claim.offered")))
    first = ibis.window(group_by=decided.claim_id, order_by=[decided.at, decided.position])
    decided = decided.mutate(turn=ibis.row_number().over(first))
    decided = decided.filter(decided.turn == 0, decided.actor_kind == "staff", scope.within(decided.at))
    of = claims.select(of_claim=claims.id, claim_kind=claims.kind, claim_reason=claims.reason)
    rows = decided.select(
        "at", "shop_id", "case_id", "claim_id", "order_id", "actor_id", decision=decided.name
    )
    rows = rows.join(of, rows.claim_id == of.of_claim).drop("of_claim")
    alike = [rows.shop_id, rows.claim_kind, rows.claim_reason]
    rows = rows.mutate(
        alike=rows.claim_id.count().over(ibis.window(group_by=alike)),
        same=rows.claim_id.count().over(ibis.window(group_by=[*alike, rows.decision])),
    )
    rows = rows.filter(rows.alike >= LIKE_CLAIMS)
    return told(
        rows,
        at="at",
        numerator=one_if(rows.same * 2 > rows.alike),
        kind="claim_kind",
        reason="claim_reason",
        agent_id="actor_id",
    )


@population
def bot_alone(scope: Scope) -> Rows:
    table = scope.tables.talks
    rows = table.filter(scope.within(table.opened_at))
    return told(rows, at="opened_at", numerator=one_if(rows.handed_over_at.isnull()), intent="intent")


# What was promised


@population
def clocks_kept(scope: Scope) -> Rows:
    table = scope.tables.clocks
    rows = table.filter(table.state.isin(("kept", "fired")), scope.within(table.ended_at))
    rows = with_case(scope, rows)
    return told(
        rows,
        at="ended_at",
        numerator=one_if(~rows.late),
        clock="name",
        channel="channel",
        agent_id="agent_id",
    )


@population
def notices_right(scope: Scope) -> Rows:
    table = scope.tables.notices
    rows = table.filter(
        table.shop_id.notnull(),
        scope.within(table.planned_at),
        table.planned_at <= stamp(scope.now - DUE_AFTER),
    )
    right = rows.state.isin(("sent", "suppressed", "read")) & (rows.times_sent <= 1)
    return told(rows, at="planned_at", numerator=one_if(right), template="template")


@population
def deliveries(scope: Scope) -> Rows:
    table = scope.tables.orders
    rows = table.filter(
        scope.within(table.promised_at), table.promised_at <= stamp(scope.now), table.status != "cancelled"
    )
    rows = rows.mutate(order_id=rows.id)
    return told(
        rows,
        at="promised_at",
        numerator=one_if(rows.delivered_at <= rows.promised_at),
        carrier="carrier",
        region="region",
    )


@population
def delay_warnings(scope: Scope) -> Rows:
    facts = scope.tables.facts
    rows = facts.filter(facts.name == "logistics_warning.published", scope.within(facts.at))
    return told(rows, at="at")


# Goods


def units_claimed(scope: Scope, condition: Callable[[Rows], Any]) -> Rows:
    """Units claimed in the time, of units sold in the time."""
    sold, orders = scope.tables.order_lines, scope.tables.orders
    sold = sold.filter(scope.within(sold.placed_at))
    cancelled = orders.filter(orders.status == "cancelled").select(cancelled=orders.id)
    sold = sold.anti_join(cancelled, sold.order_id == cancelled.cancelled)
    whole = told(
        sold, at="placed_at", numerator=ibis.literal(0, "int64"), denominator=sold.quantity, product_id="product_id",
        category="category", kind=nothing(), reason=nothing(), channel=nothing(),
    )  # fmt: skip
    lines, claims = scope.tables.claim_lines, scope.tables.claims
    claims = claims.filter(claims.state != "draft", condition(claims))
    claims = claims.select(
        of_claim=claims.id,
        case_id=claims.case_id,
        kind=claims.kind,
        reason=claims.reason,
        channel=claims.channel,
    )
    lines = lines.filter(scope.within(lines.applied_at))
    claimed = lines.inner_join(claims, lines.claim_id == claims.of_claim)
    part = told(
        claimed, at="applied_at", numerator=claimed.quantity, denominator=ibis.literal(0, "int64"), product_id="product_id",
        category="category", kind="kind", reason="reason", channel="channel",
    )  # fmt: skip
    return whole.union(part)


@population
def complaint_rate(scope: Scope) -> Rows:
    return units_claimed(scope, lambda claim: claim.reason.isin(FAULTS))


@population
def return_rate(scope: Scope) -> Rows:
    return units_claimed(scope, lambda claim: claim.kind.isin(RETURNS))


@population
def exchange_rate(scope: Scope) -> Rows:
    return units_claimed(scope, lambda claim: claim.kind == "exchange")


@population
def repair_rate(scope: Scope) -> Rows:
    return units_claimed(scope, lambda claim: claim.kind == "repair")


@population
def inspection_coverage(scope: Scope) -> Rows:
    facts = scope.tables.facts
    names = ("claim.accepted", "claim.accepted_partly", "claim.receipt_refused", "claim.received_by_clock")
    rows = facts.filter(facts.name.isin(names), scope.within(facts.at))
    rows = rows.select("at", "shop_id", "case_id", "claim_id", "name", agent_id=rows.actor_id)
    rows = with_claim(scope, rows)
    return told(
        rows, at="at", numerator=one_if(rows.name != "claim.received_by_clock"), kind="kind", reason="reason",
        product_id="product_id", category="category", agent_id="agent_id",
    )  # fmt: skip


# Money


@population
def recovery_value(scope: Scope) -> Rows:
    lines = ledger()
    rows = lines.filter(
        lines.kind.isin(("goods_back", "goods_written_off")),
        scope.within(lines.at),
        lines.amount_cents.notnull(),
    )
    rows = with_claim(
        scope,
        rows.select(
            "at",
            "shop_id",
            "case_id",
            "claim_id",
            "order_id",
            "currency",
            "amount_cents",
            line_kind=rows.kind,
        ),
    )
    worth = ibis.cases((rows.line_kind == "goods_back", -rows.amount_cents), else_=0).cast("int64")
    return told(
        rows, at="at", numerator=-rows.amount_cents, denominator=worth, currency="currency", kind="kind",
        reason="reason", product_id="product_id", category="category",
    )  # fmt: skip


def _cost_per_case(scope: Scope, lines: Rows) -> Rows:
    lines = lines.filter(lines.amount_cents.notnull())
    cases, shops = scope.tables.cases, scope.tables.shops
    money = shops.select(of_shop=shops.id, currency=shops.currency)
    rows = cases.filter(scope.within(cases.opened_at)).mutate(case_id=cases.id)
    rows = with_last_claim(
        scope, rows.inner_join(money, rows.shop_id == money.of_shop).rename(agent_id="owner_id")
    )
    of_case = {
        name: name for name in ("channel", "topic", "kind", "reason", "product_id", "category", "agent_id")
    }
    if not scope.needs & {"part", "carrier"}:
        spent = lines.group_by(spent_case=lines.case_id, spent_in=lines.currency).aggregate(
            spent=lines.amount_cents.sum()
        )
        rows = rows.left_join(spent, [rows.case_id == spent.spent_case, rows.currency == spent.spent_in])
        return told(
            rows, at="opened_at", numerator=ibis.coalesce(rows.spent, 0), currency="currency", part=nothing(),
            carrier=nothing(), **of_case,
        )  # fmt: skip
    whole = told(
        rows,
        at="opened_at",
        numerator=ibis.literal(0, "int64"),
        currency="currency",
        part=nothing(),
        carrier=nothing(),
        **of_case,
    )
    spent = lines.select(
        spent_case=lines.case_id,
        spent_in=lines.currency,
        spent=lines.amount_cents,
        part=lines.kind,
        carrier=lines.carrier,
    )
    each = rows.inner_join(spent, [rows.case_id == spent.spent_case, rows.currency == spent.spent_in])
    part = told(
        each, at="opened_at", numerator=each.spent, denominator=ibis.literal(0, "int64"), currency="currency", part="part",
        carrier="carrier", **of_case,
    )  # fmt: skip
    return whole.union(part)


@population
def cost_per_case(scope: Scope) -> Rows:
    return _cost_per_case(scope, ledger())


@population
def service_cost_per_case(scope: Scope) -> Rows:
    lines = ledger()
    return _cost_per_case(scope, lines.filter(lines.kind.isin(sorted(SERVICE))))


@population
def cost_per_order(scope: Scope) -> Rows:
    orders, lines = scope.tables.orders, ledger()
    placed = orders.filter(scope.within(orders.placed_at), orders.status != "cancelled").mutate(
        order_id=orders.id
    )
    whole = told(
        placed,
        at="placed_at",
        numerator=ibis.literal(0, "int64"),
        currency="currency",
        part=nothing(),
        carrier=nothing(),
    )
    spent = lines.filter(scope.within(lines.at), lines.amount_cents.notnull())
    part = told(
        spent, at="at", numerator=spent.amount_cents, denominator=ibis.literal(0, "int64"), currency="currency", part="kind",
        carrier="carrier",
    )  # fmt: skip
    return whole.union(part)

"""Refusals and disputes; the law of another market; questions without a claim."""

from typing import Any

from aftercare import cases, claims
from aftercare.cases import Closing
from aftercare.cases import Stage as CaseStage
from aftercare.claims import ClaimKind, Grade, Graded, Remedy
from aftercare.demo.plots.parts import K, R, S, begins, comes_back, hears, is_approved, not_fresh, plot, worth
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Step, Story
from aftercare.kit.errors import Refusal

# Refusals and disputes


def is_rejected(t: Telling, kind: ClaimKind = K.refund_only) -> Story:
    begins(t)
    yield from t.apply(kind, R.not_as_described, photo="stain")
    if t.state is not S.pending_merchant:
        return
    yield from hears(t)
    t.later(2, 24)
    t.at_desk()

    async def reject(work: Any) -> Any:
        files = await t.keep_photos(work, "stain", 1)
        return await claims.reject(work, t.claim, words=t.words("reject"), file_ids=files)

    yield from t.step(t.staff("agent"), reject)


@plot(24, fits=worth(8_000))
def rejected_and_left(t: Telling) -> Story:
    yield from is_rejected(t)


@plot(20, fits=worth(8_000))
def rejected_and_sent_again(t: Telling) -> Story:
    yield from is_rejected(t)
    if t.state is not S.rejected:
        return
    t.later(5, 60)
    t.awake()

    async def edits(work: Any) -> Any:
        files = await t.keep_photos(work, "label", 2)
        return await claims.edit(work, t.claim, claims.Edit(description=t.words("damaged"), file_ids=files))

    yield from t.step(t.buyer, edits)
    yield from is_approved(t)


def is_disputed(t: Telling) -> Story:
    yield from is_rejected(t)
    if t.state is not S.rejected:
        return
    t.later(4, 80)
    t.awake()

    async def disputes(work: Any) -> Any:
        files = await t.keep_photos(work, "crack", 1)
        return await claims.dispute(work, t.claim, words=t.words("dispute"), file_ids=files)

    yield from t.step(t.buyer, disputes)
    t.later(3, 20)
    t.at_desk()
    yield from t.move(t.staff("arbiter"), claims.ask_for_evidence, question=t.words("question"))
    t.later(5, 30)
    t.awake()

    async def shows(work: Any) -> Any:
        return await claims.add_evidence(
            work, t.claim, await t.keep_photos(work, "label", 2), t.words("damaged")
        )

    yield from t.step(t.buyer, shows)
    if t.maybe(0.6):
        t.at_desk()

        async def answers(work: Any) -> Any:
            return await claims.add_evidence(
                work, t.claim, await t.keep_photos(work, "stain", 1), t.words("reject")
            )

        yield from t.step(t.staff("agent"), answers)
    t.later(2, 12)
    t.at_desk()
    yield from t.move(t.staff("arbiter"), claims.judge)


@plot(16, fits=worth(8_000))
def ruled_for_the_customer(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 40)
    t.at_desk()
    arbiter = t.staff("arbiter")
    yield from t.move(arbiter, claims.rule_for_customer, words=t.words("rule_customer"), remedy=Remedy.refund)
    if t.maybe(0.4):
        t.later(1, 3)
        yield from t.move(arbiter, claims.force)


@plot(8, fits=worth(8_000))
def ruled_and_appealed(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 40)
    t.at_desk()
    arbiter = t.staff("arbiter")
    yield from t.move(arbiter, claims.rule_for_customer, words=t.words("rule_customer"), remedy=Remedy.refund)
    t.later(3, 30)
    t.at_desk()

    async def appeals(work: Any) -> Any:
        files = await t.keep_photos(work, "label", 1)
        return await claims.appeal(work, t.claim, words=t.words("appeal"), file_ids=files)

    yield from t.step(t.staff("agent"), appeals)
    t.later(6, 40)
    t.at_desk()
    yield from t.move(arbiter, claims.rule_for_merchant, words=t.words("rule_merchant"))


@plot(12, fits=worth(8_000))
def ruled_for_the_shop(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 40)
    t.at_desk()
    yield from t.move(t.staff("arbiter"), claims.rule_for_merchant, words=t.words("rule_merchant"))


@plot(10, fits=worth(8_000))
def mediated(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(4, 30)
    t.at_desk()
    amount = t.purchase.goods[0][0].price_cents * 40 // 100 // 100 * 100
    words = t.words("mediated", amount=t.money(amount))
    yield from t.move(t.staff("arbiter"), claims.mediate, words=words, amount_cents=amount, keep_goods=True)


@plot(7, fits=worth(8_000))
def dispute_was_withdrawn(t: Telling) -> Story:
    yield from is_disputed(t)
    if t.state is not S.judging:
        return
    t.later(2, 10)
    t.awake()
    yield from t.move(t.buyer, claims.withdraw_dispute)


# The European shop


@plot(16, "qinghe-europe")
def withdrew_from_the_contract(t: Telling) -> Story:
    begins(t, 26, 200)
    t.awake()
    order_id = t.stage.orders[t.purchase.key]
    buyer = t.purchase.buyer
    new = claims.NewWithdrawal(order_id=order_id, consumer_name=buyer.name, contact=buyer.email)
    stated = yield from t.step(t.buyer, lambda work: claims.withdraw(work, new))
    t.claim_id = stated.claim_id
    yield from t.look()
    if t.state is not S.awaiting_return:
        return
    t.later(10, 70)
    yield from t.sends_back()
    t.later(3, 30)
    t.at_desk()
    graded = [
        Graded(order_line_id=line, quantity=many, grade=Grade.opened)
        for line, (_, many) in zip(t.line_ids(), t.purchase.goods, strict=True)
    ]
    yield from t.move(t.staff("warehouse"), claims.inspect, graded=graded)


@plot(8, "qinghe-europe", fits=not_fresh)
def european_fault(t: Telling) -> Story:
    begins(t)
    yield from t.apply(K.return_refund, R.defective, photo="dent")
    yield from is_approved(t, chats=0.8)
    yield from comes_back(t, grade=Grade.damaged)


# Questions without a claim


def asks(t: Telling) -> Story:
    """Not in the table of plots: told beside the claims."""
    if t.purchase.asks_at is not None:
        t.now = t.purchase.asks_at
    else:
        begins(t, 1, 60) if t.maybe(0.5) else t.later(26, 40)
        t.awake()
    title, question, answer = t.rng.choice(t.sayings("enquiries"))
    new = cases.NewCase(
        shop_id=t.view.id,
        title=title,
        customer_id=t.buyer.id,
        order_id=t.stage.orders[t.purchase.key],
        locale=t.locale,
        body=question,
        tags=["enquiry"],
    )
    opened = yield from t.step(t.buyer, lambda work: cases.open_case(work, new))
    t.case_id = opened.id
    t.later(0.05, 0.7) if t.maybe(0.85) else t.later(2, 12)
    t.at_desk()
    agent = t.staff("agent")
    yield from t.step(agent, lambda work: cases.say(work, opened.id, answer))
    if t.maybe(0.4):
        t.later(0.2, 5)
        t.awake()
        yield from t.says(t.buyer, "say_thanks")
        yield from hears(t, "agent_done")
    t.later(1, 10)
    t.at_desk()
    try:
        yield Step(t.now, agent, lambda work: cases.solve(work, opened.id), True)
        if t.maybe(0.5):
            t.later(48, 90)
            t.at_desk()
            yield from t.says(agent, "follow_up")
            yield Step(t.now, agent, lambda work: cases.set_stage(work, opened.id, CaseStage.followed_up))
            yield Step(t.now, agent, lambda work: cases.close_case(work, opened.id, Closing.followed_up))
    except Refusal:
        return

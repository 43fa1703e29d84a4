"""Random people make random moves on real claims: no dead end, no cent too much, and the buttons tell the truth.

Each walk commits on a database of its own; what is offered is done with proper input and must succeed, and what is not
offered must be refused as impossible."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as some
from sqlalchemy import text

from aftercare import claims, conversations
from aftercare.claims import (
    AskedLine,
    ClaimKind,
    ClaimPage,
    ClaimState,
    Edit,
    Graded,
    NewClaim,
    NewOffer,
    Reason,
    Remedy,
    WayBack,
    is_end,
)
from aftercare.claims.model import MoveNotPossible
from aftercare.journal import Actor, House, Work, begin, drain
from aftercare.kit.database import Database
from aftercare.kit.errors import Refusal
from aftercare.kit.files import Files
from tests import given
from tests.api.world import PNG
from tests.conftest import Clock
from tests.given import Bought, Line
from tests.given.gateway import ToldGateway, connect

T = TypeVar("T")
EXAMPLES = int(os.environ.get("AFTERCARE_FUZZ", "0"))
"""So many walks, and others each time; else a few that are always the same."""
MOST_MOVES = 12
SIDEWAYS = {"cancel", "edit", "add_evidence", "withdraw_dispute"}
"""Taken less often, or few walks would get far."""

KINDS = (
    (ClaimKind.return_refund, Reason.no_reason, True),
    (ClaimKind.return_refund, Reason.defective, True),
    (ClaimKind.exchange, Reason.wrong_size, True),
    (ClaimKind.refund_only, Reason.damaged, True),
    (ClaimKind.resend, Reason.missing_item, True),
    (ClaimKind.cancel_unshipped, Reason.no_reason, False),
)


class Stage:
    """A house in a loop of its own, so that a synchronous test can make it act."""

    def __init__(self, loop: asyncio.AbstractEventLoop, house: House, gateway: ToldGateway) -> None:
        self.loop = loop
        self.house = house
        self.gateway = gateway

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(300)


@pytest.fixture
def stage(own_house: House, tmp_path: Any) -> Iterator[Stage]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    house = House(
        Database(own_house.database.url, pool_size=4), clock=Clock(), secret=b"a secret for tests only"
    )
    house.ports = {Files: Files(str(tmp_path / "files"))}
    stage = Stage(loop, house, connect(house))
    yield stage
    stage.run(house.database.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


class Walk:
    """One claim, and everybody who may do something with it."""

    def __init__(self, stage: Stage, bought: Bought, claim_id: UUID, photo: UUID) -> None:
        self.stage = stage
        self.bought = bought
        self.claim_id = claim_id
        self.photo = photo
        self.people: dict[str, Actor] = {
            "customer": bought.buyer,
            "agent": given.staff(bought.shop, given.AGENT),
            "warehouse": given.staff(bought.shop, given.WAREHOUSE),
            "finance": given.staff(bought.shop, given.FINANCE),
            "arbiter": given.staff(bought.shop, given.ARBITER),
        }

    async def page(self, who: str) -> ClaimPage:
        async with begin(self.stage.house, self.people[who]) as work:
            return await claims.claim_page(work, self.claim_id)

    async def do(self, who: str, verb: str) -> None:
        async with begin(self.stage.house, self.people[who]) as work:
            await self.verbs()[verb](work)

    def verbs(self) -> dict[str, Callable[[Work], Awaitable[object]]]:
        """Every verb with proper input."""
        claim, photo, line = self.claim_id, [self.photo], self.bought.line_ids[0]

        async def edit(work: Work) -> None:
            await claims.edit(work, claim, Edit(description="再说一遍"))

        async def offer(work: Work) -> None:
            page = await claims.claim_page(work, claim)
            # An exchange of like for like asks for no money: there another amount cannot be offered.
            offered = (
                NewOffer(asks="other_amount", amount_cents=1_000, keep_goods=True, words="补偿")
                if page.requested_cents
                else NewOffer(asks="cancel", words="请取消申请")
            )
            await claims.offer(work, claim, offered)

        async def accept(work: Work) -> None:
            page = await claims.claim_page(work, claim)
            units = page.lines[0].received_quantity or page.lines[0].quantity
            graded = [Graded(order_line_id=line, quantity=units, grade=claims.Grade.as_new)]
            await claims.inspect(work, claim, graded)

        async def accept_partly(work: Work) -> None:
            page = await claims.claim_page(work, claim)
            units = page.lines[0].received_quantity
            graded = [
                Graded(order_line_id=line, quantity=1, grade=claims.Grade.damaged, accepted=False),
                *(
                    [Graded(order_line_id=line, quantity=units - 1, grade=claims.Grade.as_new)]
                    if units > 1
                    else []
                ),
            ]
            await claims.inspect(work, claim, graded, words="外壳碎裂", file_ids=photo)

        return {
            "edit": edit,
            "approve": lambda work: claims.approve(work, claim),
            "offer": offer,
            "reject": lambda work: claims.reject(work, claim, words="不符合条件", file_ids=photo),
            "accept_offer": lambda work: claims.accept_offer(work, claim),
            "refuse_offer": lambda work: claims.refuse_offer(work, claim),
            "ship": lambda work: claims.ship(
                work, claim, WayBack(carrier="shunfeng", tracking_number=f"SF{claim.int % 10**13:013}")
            ),
            "receive": lambda work: claims.receive(work, claim),
            "inspect": accept,
            "accept": accept,
            "accept_partly": accept_partly,
            "refuse_receipt": lambda work: claims.refuse_receipt(work, claim, words="空包裹", file_ids=photo),
            "agree_to_part": lambda work: claims.agree_to_part(work, claim),
            "send_back": lambda work: claims.send_back(
                work, claim, carrier="shunfeng", tracking_number=f"SF{(claim.int + 1) % 10**13:013}"
            ),
            "confirm_sent_back": lambda work: claims.confirm_sent_back(work, claim),
            "reship": lambda work: claims.reship(
                work, claim, carrier="shunfeng", tracking_number=f"SF{(claim.int + 2) % 10**13:013}"
            ),
            "out_of_stock": lambda work: claims.out_of_stock(work, claim),
            "confirm": lambda work: claims.confirm(work, claim),
            "retry_refund": lambda work: claims.retry_refund(work, claim),
            "offer_offline": lambda work: claims.offer_offline(work, claim, voucher_file_id=self.photo),
            "confirm_offline": lambda work: claims.confirm_offline(work, claim),
            "deny_offline": lambda work: claims.deny_offline(work, claim, words="没有收到"),
            "dispute": lambda work: claims.dispute(work, claim, words="不同意", file_ids=photo),
            "withdraw_dispute": lambda work: claims.withdraw_dispute(work, claim),
            "collect_evidence": lambda work: claims.ask_for_evidence(work, claim, question="请补充照片"),
            "judge": lambda work: claims.judge(work, claim),
            "rule_for_customer": lambda work: claims.rule_for_customer(
                work, claim, words="支持消费者", remedy=Remedy.refund
            ),
            "rule_for_merchant": lambda work: claims.rule_for_merchant(work, claim, words="支持商家"),
            "mediate": lambda work: claims.mediate(work, claim, words="各让一步", amount_cents=500),
            "appeal": lambda work: claims.appeal(work, claim, words="有新证据", file_ids=photo),
            "carry_out": lambda work: claims.force(work, claim),
            "add_evidence": lambda work: claims.add_evidence(work, claim, photo, "补充"),
            "cancel": lambda work: claims.cancel(work, claim),
        }


async def a_walk(stage: Stage, kind: ClaimKind, reason: Reason, delivered: bool, units: int) -> Walk:
    house = stage.house
    of = await given.a_shop(house)
    line = Line(price_cents=9_900, quantity=3)
    bought = (
        await given.an_order(house, of, line)
        if delivered
        else await given.an_order(house, of, line, delivered=None, shipped=None)
    )

    async def picture() -> Any:
        yield PNG

    photo = await conversations.store_file(
        house,
        bought.buyer,
        picture(),
        name="照片.png",
        shop_id=of.id,
        customer_id=bought.customer_id,
        shown=True,
    )
    async with begin(house, bought.buyer) as work:
        claim = await claims.apply(
            work,
            NewClaim(
                kind=kind,
                reason=reason,
                lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=units)],
                file_ids=[photo.id],
            ),
        )
    return Walk(stage, bought, claim.id, photo.id)


async def money_adds_up(walk: Walk) -> None:
    async with begin(walk.stage.house) as work:
        row = (
            await work.session.execute(
                text(
                    "SELECT a.paid_cents, a.taken_cents, a.quantity, a.taken_quantity,"
                    " (SELECT coalesce(sum(r.amount_cents), 0)::bigint FROM refund r WHERE r.claim_id = c.id) AS refunds,"
                    " greatest(c.agreed_cents, 0) AS agreed"
                    " FROM claim c JOIN claim_line l ON l.claim_id = c.id"
                    " JOIN line_account a ON a.order_line_id = l.order_line_id WHERE c.id = :id"
                ),
                {"id": walk.claim_id},
            )
        ).one()
    assert 0 <= row.taken_cents <= row.paid_cents
    assert 0 <= row.taken_quantity <= row.quantity
    assert row.refunds <= (row.agreed or 0) or row.refunds == 0, row
    assert sum(walk.stage.gateway.paid.values()) <= row.paid_cents


async def step(walk: Walk, dice: Any) -> bool:
    """One random move of a random person; False at an end."""
    pages = {who: await walk.page(who) for who in walk.people}
    state = pages["agent"].state
    offered = {who: [action.verb for action in page.actions] for who, page in pages.items()}
    if is_end(state):
        assert not any(offered.values()), (state, offered)
        return False
    somebody = (
        any(offered.values()) or any(page.clocks for page in pages.values()) or state is ClaimState.refunding
    )
    assert somebody, f"a dead end: nobody can do anything in {state}"

    busy = [who for who in sorted(offered) if offered[who]]
    who = dice.choice(busy if busy and dice.random() < 0.9 else sorted(walk.people))
    verbs = walk.verbs()
    absent = dice.choice(sorted(set(verbs) - set(offered[who]) - {"inspect", "accept", "accept_partly"}))
    with pytest.raises(Refusal) as refused:
        await walk.do(who, absent)
    assert isinstance(refused.value, MoveNotPossible) or refused.value.status in (403, 404), (
        who,
        absent,
        state,
    )

    if offered[who]:
        onward = [verb for verb in offered[who] if verb not in SIDEWAYS]
        verb = dice.choice(onward if onward and dice.random() < 0.8 else offered[who])
        if verb in verbs:
            try:
                await walk.do(who, verb)
            except Refusal as refusal:
                raise AssertionError(
                    f"{who} was offered {verb} in {state} and refused: {refusal!r}"
                ) from refusal
    if dice.random() < 0.5:
        if dice.random() < 0.3:
            walk.stage.gateway.next.append("fail")
        await drain(walk.stage.house)
    return True


def test_random_moves_of_random_people(stage: Stage) -> None:
    @settings(
        max_examples=EXAMPLES or 20,
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @drawn(
        which=some.sampled_from(KINDS), units=some.integers(1, 3), dice=some.randoms(use_true_random=False)
    )
    def walk_on(which: tuple[ClaimKind, Reason, bool], units: int, dice: Any) -> None:
        stage.gateway.next.clear()
        # What the walk before left to be paid is not this one's money.
        stage.run(drain(stage.house))
        stage.gateway.paid.clear()
        walk = stage.run(a_walk(stage, *which, units))
        for _ in range(MOST_MOVES):
            going = stage.run(step(walk, dice))
            stage.run(money_adds_up(walk))
            if not going:
                break

    walk_on()

"""A little life of a shop group, step by step, for the lake to follow."""

import random
from datetime import timedelta

from aftercare import quality
from aftercare.cases import CaseView, Closing, NewCase, close_case, merge, open_case, reopen, say, solve, take
from aftercare.claims import ClaimKind, RefundGateways
from aftercare.identity import ShopView, seed_roles
from aftercare.journal import House, begin, drain
from aftercare.kit.errors import Refusal
from aftercare.quality import NewSurveyAnswer
from tests import given
from tests.cases.given import staff
from tests.conftest import Clock
from tests.given.gateway import ToldGateway, ToldGateways

AGENT = given.AGENT | {"cases.assign"}


class Life:
    """Two shops; each `step` buys, asks, answers, claims, solves, rates, reopens and merges, by dice that always fall the same."""

    def __init__(self, house: House, clock: Clock, shops: list[ShopView]) -> None:
        self.house, self.clock, self.shops = house, clock, shops
        self.dice = random.Random(4)
        self.open: list[tuple[given.Bought, CaseView]] = []
        self.people = 0

    @classmethod
    async def begin(cls, house: House, clock: Clock) -> "Life":
        house.ports = {**house.ports, RefundGateways: ToldGateways(ToldGateway())}
        async with begin(house) as work:
            await seed_roles(work)
        return cls(house, clock, [await given.a_shop(house), await given.a_shop(house)])

    async def step(self) -> None:
        self.clock.now += timedelta(days=self.dice.randint(1, 9), minutes=self.dice.randint(0, 600))
        house, shop = self.house, self.dice.choice(self.shops)
        self.people += 1
        agent = await staff(house, f"{self.people}@lake.example", "客服", shop.id, AGENT)
        bought = await given.an_order(
            house, shop, given.Line(price_cents=self.dice.choice([2_900, 9_900, 99_000]))
        )
        async with begin(house, bought.buyer) as work:
            case = await open_case(
                work,
                NewCase(
                    shop_id=shop.id,
                    customer_id=bought.customer_id,
                    order_id=bought.order_id,
                    title="坏了",
                    body="打不开",
                ),
            )
        self.open.append((bought, case))
        async with begin(house, agent) as work:
            await take(work, case.id)
            await say(work, case.id, "您好，我来看看。")
        await given.a_claim(house, bought, self.dice.choice([ClaimKind.refund_only, ClaimKind.return_refund]))
        await self._later()
        await drain(house)

    async def _later(self) -> None:
        """Something happens to one of the older cases."""
        bought, case = self.dice.choice(self.open)
        agent = await staff(self.house, f"later-{self.people}@lake.example", "客服", bought.shop.id, AGENT)
        happening = self.dice.choice(["solve", "close", "reopen", "merge"])
        try:
            async with begin(self.house, agent) as work:
                if happening == "solve":
                    await solve(work, case.id)
                elif happening == "reopen":
                    await reopen(work, case.id)
                elif happening == "merge":
                    into = next(
                        one for b, one in self.open if b.shop.id == bought.shop.id and one.id != case.id
                    )
                    await merge(work, case.id, into.id)
            if happening == "close":
                async with begin(self.house, bought.buyer) as work:
                    await close_case(work, case.id, Closing.confirmed)
                    await quality.answer_survey(work, case.id, NewSurveyAnswer(satisfied=4, recommend=9))
        except (Refusal, StopIteration):
            return

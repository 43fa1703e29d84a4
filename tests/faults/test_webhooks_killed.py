"""The worker killed with -9 while it tells a receiver, and the receiver away in between: everything arrives, in order, by its id once."""

import asyncio
from collections import defaultdict
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from aftercare.identity import NewShop, new_shop
from aftercare.journal import SYSTEM, begin
from aftercare.kit.ids import new_id
from aftercare.notices import NoticeRead, webhooks
from aftercare.notices.webhooks import NewWebhook
from tests.faults.installed import count, installed, rows_of, until
from tests.notices.receiver import Receiver, receiving

OBJECTS, TIMES = 12, 8


@pytest.mark.slow
async def test_nothing_is_lost_and_the_order_is_kept(tmp_path: Path) -> None:
    async with installed(tmp_path, AFTERCARE_WEBHOOKS__PRIVATE_HOSTS='["127.0.0.1"]') as there:
        house = there.house
        with receiving() as receiver:
            async with begin(house, SYSTEM) as work:
                shop = (await new_shop(work, NewShop(code="qinghe", name="清和家居"))).id
                made = await webhooks.new_webhook(
                    work,
                    NewWebhook(shop_id=shop, name="ERP", url=receiver.url, facts=["notice.*"]),
                    poster=None,
                )
            there.leave_to_others()
            there.start("worker", ["aftercare", "work"])
            objects = [new_id() for _ in range(OBJECTS)]
            for time in range(TIMES):
                for one in objects:
                    async with begin(house, SYSTEM) as work:
                        work.record(NoticeRead(shop_id=shop, notice_id=one))
                if time in (2, 5):
                    seen = len(receiver.got)
                    await until(partial(_more, receiver, seen), what="a message", seconds=240)
                    there.kill("worker")
                    there.start("worker", ["aftercare", "work"])
                if time == 4:
                    receiver.stop()
                    await asyncio.sleep(1.5)
                    receiver.start()
            # A killed worker's attempts are taken up when their time is over, not before.
            async with begin(house, SYSTEM) as work:
                assert (await webhooks.get_webhook(work, made.webhook.id)).state == "on"

            async def all_delivered() -> bool:
                done = await count(house, "webhook_post WHERE state = 'delivered'")
                return done == OBJECTS * TIMES

            await until(all_delivered, what="all messages", seconds=240)
            positions = await rows_of(house, "SELECT id, position, lane FROM webhook_post ORDER BY position")
        expected: dict[UUID, list[str]] = defaultdict(list)
        for row in positions:
            expected[row.lane].append(str(row.id))
        got: dict[UUID, list[str]] = defaultdict(list)
        for message in receiver.taken:
            assert message.signed_by(made.secret)
            about = UUID(message.told["data"]["notice_id"])
            # A message that was taken but not noted comes again at once: before any that follows it.
            if not got[about] or got[about][-1] != message.id:
                got[about].append(message.id)
        assert got == expected


async def _more(receiver: Receiver, seen: int) -> bool:
    return len(receiver.got) > seen

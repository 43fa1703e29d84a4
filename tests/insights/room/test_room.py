"""The operations room: chances are reckoned right, and the figures follow the tables."""

from uuid import uuid4

import pytest

from aftercare.insights.alarms import AlarmState, Severity
from aftercare.insights.alarms.model import Alarm
from aftercare.insights.room import operations_room
from aftercare.insights.room.queries import TimeZoneUnknown, chance_of
from aftercare.journal import House, PermissionMissing, begin
from tests.notices.given import a_world


def test_the_chance_of_so_many_is_poisson_s() -> None:
    assert chance_of(0, 3.0) == 1.0
    assert round(chance_of(1, 2.0), 6) == 0.864665
    assert round(chance_of(10, 3.0), 6) == 0.001102
    # Nothing on other days is taken for half an event.
    assert chance_of(4, 0.0) == chance_of(4, 0.5)


async def test_who_waits_is_seen(house: House) -> None:
    given = await a_world(house)
    async with begin(house) as work:
        room = await operations_room(work, shop_id=given.shop_id)
    assert (room.waiting, room.unowned, len(room.longest), room.today.opened) == (1, 1, 1, 1)
    assert (room.longest[0].case_id, room.longest[0].waiting_seconds) == (given.case_id, 0)
    assert (room.broken, room.rising, room.unusual, room.free, room.people_working) == (0, [], [], [], 0)
    async with begin(house) as work:
        with pytest.raises(TimeZoneUnknown):
            await operations_room(work, time_zone="Nowhere/Land")
    async with begin(house, given.customer) as work:
        with pytest.raises(PermissionMissing):
            await operations_room(work)


async def test_what_is_unusual_is_told_in_the_readers_language(house: House) -> None:
    given = await a_world(house)
    async with begin(house) as work:
        for series, cut, part in (("claims", "", ""), ("indicator", "csat:channel:chat", "在线聊天")):
            work.session.add(
                Alarm(
                    id=uuid4(), shop_id=given.shop_id, series=series, cut=cut, label="", group_key=series,
                    playbook="", severity=Severity.serious, state=AlarmState.open, since_on=work.now.date(),
                    last_on=work.now.date(), window_days=1, value=9, expected=2, low=0, high=5, p=0.0001,
                    details={"part": part} if part else {}, points=[], raised_at=work.now,
                )
            )  # fmt: skip
    async with begin(house) as work:
        told = [
            sorted(one.what for one in (await operations_room(work, locale=locale)).unusual)
            for locale in ("zh-CN", "en")
        ]
    assert told == [
        ["售后申请", "满意度：未达标（在线聊天）"],
        ["Satisfaction (CSAT): not as it should be (在线聊天)", "claims"],
    ]

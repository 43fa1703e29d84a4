import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from aftercare.identity import (
    EntryCodeSpent,
    EntryCodeWrong,
    EntryIssued,
    actor_from,
    entry_addressee,
    entry_code_text,
    issue_entry_code,
    list_sessions,
    open_customer_session,
    redeem_entry_code,
    revoke_other_sessions,
)
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit.errors import TooMany
from tests.conftest import Clock
from tests.identity.people import facts

CUSTOMERS, SHOPS = [uuid4(), uuid4()], [uuid4(), uuid4()]


async def issue(house: House, *customers: UUID, contact: str = "13800138000") -> tuple[EntryIssued, str]:
    async with begin(house, SYSTEM) as work:
        issued = await issue_entry_code(
            work, contact=contact, customers=customers, shops=SHOPS if customers else [], locale="zh-TW"
        )
        return issued, await entry_code_text(work, issued.entry_code_id)


def other_than(code: str) -> str:
    return "000000" if code != "000000" else "111111"


async def test_the_right_digits_open_a_session_once(house: House, clock: Clock) -> None:
    issued, code = await issue(house, *CUSTOMERS)
    assert len(code) == 6
    assert code.isdigit()
    async with begin(house, SYSTEM) as work:
        addressee = await entry_addressee(work, issued.entry_code_id)
    assert (addressee.contact, addressee.locale, addressee.shops) == ("13800138000", "zh-TW", SHOPS)
    opened = await redeem_entry_code(house, issued.entry_code_id, f" {code} ")
    signed = await actor_from(house, opened.token, None)
    assert signed is not None
    actor = signed.actor
    assert (actor.kind, actor.id, actor.locale, actor.role) == ("customer", CUSTOMERS[0], "zh-TW", "customer")
    assert (actor.customers, actor.shops, actor.permissions) == (
        frozenset(CUSTOMERS),
        frozenset(SHOPS),
        frozenset(),
    )
    with pytest.raises(EntryCodeSpent):
        await redeem_entry_code(house, issued.entry_code_id, code)
    async with begin(house, SYSTEM) as work:
        with pytest.raises(EntryCodeSpent):
            await entry_code_text(work, issued.entry_code_id)
    assert [
        (name, data.get("how")) for name, _, data in await facts(house, "entry_code.issued", "session.opened")
    ] == [
        ("entry_code.issued", None),
        ("session.opened", "entry_code"),
    ]
    assert "13800138000" not in str(await facts(house, "entry_code.issued", "session.opened"))


async def test_whether_there_is_an_order_cannot_be_seen(house: House) -> None:
    real, code = await issue(house, *CUSTOMERS, contact="a@example.com")
    none, right = await issue(house, contact="b@example.com")
    assert (real.expires_at, real.resend_at) == (none.expires_at, none.resend_at)
    for issued, given in ((real, other_than(code)), (none, right)):
        with pytest.raises(EntryCodeWrong) as refusal:
            await redeem_entry_code(house, issued.entry_code_id, given)
        assert refusal.value.data == {"tries_left": 4}
    assert [data["entry_code_id"] for _, _, data in await facts(house, "entry_code.issued")] == [
        str(real.entry_code_id)
    ]
    for contact in ("a@example.com", "b@example.com"):
        with pytest.raises(TooMany) as wait:
            await issue(house, contact=contact)
        assert wait.value.data == {"retry_after": 60}


async def test_five_tries_and_ten_minutes(house: House, clock: Clock) -> None:
    issued, code = await issue(house, *CUSTOMERS)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(EntryCodeWrong) as refusal:
            await redeem_entry_code(house, issued.entry_code_id, other_than(code))
        assert refusal.value.data == {"tries_left": left}
    with pytest.raises(EntryCodeSpent):
        await redeem_entry_code(house, issued.entry_code_id, code)
    assert len(await facts(house, "entry.refused")) == 5
    clock.now += timedelta(minutes=1)
    late, code = await issue(house, *CUSTOMERS)
    clock.now += timedelta(minutes=10)
    with pytest.raises(EntryCodeSpent):
        await redeem_entry_code(house, late.entry_code_id, code)
    with pytest.raises(EntryCodeSpent):
        await redeem_entry_code(house, uuid4(), code)


async def test_once_a_minute_and_six_times_an_hour(house: House, clock: Clock) -> None:
    begun = clock.now
    for _ in range(6):
        await issue(house, *CUSTOMERS)
        clock.now += timedelta(minutes=1)
    with pytest.raises(TooMany) as refusal:
        await issue(house, *CUSTOMERS)
    assert refusal.value.data == {"retry_after": 54 * 60}
    clock.now = begun + timedelta(hours=1)
    await issue(house, *CUSTOMERS)


async def test_many_at_once_get_one_code_and_five_tries(own_house: House) -> None:
    async def ask() -> EntryIssued | None:
        try:
            return (await issue(own_house, *CUSTOMERS))[0]
        except TooMany:
            return None

    issued = [one for one in await asyncio.gather(*(ask() for _ in range(8))) if one]
    assert len(issued) == 1

    async def guess() -> type[Exception]:
        try:
            await redeem_entry_code(own_house, issued[0].entry_code_id, "abcdef")
        except (EntryCodeWrong, EntryCodeSpent) as refusal:
            return type(refusal)
        raise AssertionError

    answers = await asyncio.gather(*(guess() for _ in range(12)))
    assert (answers.count(EntryCodeWrong), answers.count(EntryCodeSpent)) == (5, 7)


async def test_the_same_contact_sees_and_closes_its_sessions(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        opened = [
            await open_customer_session(work, customers=CUSTOMERS, shops=SHOPS, contact=contact)
            for contact in ("a@example.com", "a@example.com", "b@example.com")
        ]
    signed = await actor_from(house, opened[0].token, None)
    assert signed is not None
    async with begin(house, signed.actor) as work:
        assert {one.id for one in await list_sessions(work)} == {opened[0].session_id, opened[1].session_id}
        assert await revoke_other_sessions(work) == 1
    assert [await actor_from(house, one.token, None) is not None for one in opened] == [True, False, True]

import asyncio
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, text

from aftercare.identity import (
    CodeNotRight,
    PasswordLinkSpent,
    PasswordNotRight,
    PasswordTooWeak,
    SignInFailed,
    TotpAlreadyOn,
    TotpCodeNeeded,
    TotpCodeWrong,
    actor_from,
    change_password,
    check_strength,
    confirm_totp,
    deactivate,
    disable_totp,
    enrol_totp,
    list_sessions,
    make_password_link,
    new_recovery_codes,
    remove_totp,
    revoke_session,
    set_password,
    sign_in,
    sign_out,
)
from aftercare.journal import SYSTEM, Actor, House, begin
from aftercare.kit.errors import NotFound, TooMany
from tests.conftest import Clock
from tests.identity.people import PASSWORD, Group, actor_of, facts, found_group

NEW = "a lantern on the pier 29"


async def test_the_right_password_opens_a_session(house: House) -> None:
    group = await found_group(house)
    opened = await sign_in(house, email=" Owner@Example.com ", password=PASSWORD, address="203.0.113.7")
    assert opened.expires_at == house.clock() + timedelta(days=7)
    signed = await actor_from(house, opened.token, None)
    assert signed is not None
    assert (signed.actor.id, signed.actor.shops, signed.actor.role) == (group.owner.id, None, "owner")
    assert signed.actor.may("users.write")
    agent = await actor_of(house, group.agent)
    assert agent.shops == frozenset({group.shops[0].id})
    assert (agent.may("claims.decide"), agent.may("users.read")) == (True, False)
    assert [(name, actor) for name, actor, _ in await facts(house, "session.opened")] == [
        ("session.opened", group.owner.id),
        ("session.opened", group.agent.id),
    ]
    async with begin(house, SYSTEM) as work:
        kept = await work.session.scalar(
            text("SELECT count(*) FROM session WHERE token_hash = :t"), {"t": opened.token.encode()}
        )
        assert kept == 0


async def test_a_cheap_hash_is_replaced_when_its_owner_signs_in(
    house: House, dear_passwords: PasswordHasher
) -> None:
    await found_group(house)
    for _ in range(2):
        await sign_in(house, email="owner@example.com", password=PASSWORD)
        async with begin(house, SYSTEM) as work:
            kept = await work.session.scalar(
                text("SELECT password_hash FROM account WHERE email = 'owner@example.com'")
            )
        assert str(kept).startswith("$argon2id$v=19$m=65536,t=3,p=1$")


async def test_refusals_look_alike_and_are_in_the_journal_without_the_address(house: House) -> None:
    group = await found_group(house)
    for email in ("owner@example.com", "nobody@example.com"):
        with pytest.raises(SignInFailed) as refusal:
            await sign_in(house, email=email, password="wrong wrong wrong", address="203.0.113.7")
        assert refusal.value.data == {}
    told = await facts(house, "sign_in.refused")
    assert [(data.get("account_id"), data["reason"]) for _, _, data in told] == [
        (str(group.owner.id), "wrong_password"),
        (None, "unknown_account"),
    ]
    assert len({data["address"] for _, _, data in told}) == 1
    assert "203.0.113.7" not in str(told)


async def test_unknown_accounts_take_as_long(
    house: House, dear_passwords: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    await found_group(house)
    await sign_in(house, email="owner@example.com", password=PASSWORD)
    looked_at: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, known: str | bytes, password: str | bytes) -> bool:
        looked_at.append(str(known).rpartition("$")[0].rpartition("$")[0])
        return verify(self, known, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for email in ("owner@example.com", "nobody@example.com"):
        with pytest.raises(SignInFailed):
            await sign_in(house, email=email, password="wrong wrong wrong")
    # The hash takes nearly all of the time: of both one was looked at, equally dear.
    known, unknown = looked_at
    assert known == unknown


async def test_guessing_is_slowed_twice_as_long_each_time(house: House, clock: Clock) -> None:
    await found_group(house)
    waits: list[object] = []

    async def guess() -> None:
        try:
            await sign_in(house, email="owner@example.com", password="wrong wrong wrong")
        except SignInFailed:
            waits.append(0)
        except TooMany as refusal:
            waits.append(refusal.data["retry_after"])

    for _ in range(5):
        await guess()
    for seconds in (1, 2, 4, 8, 16):
        await guess()
        clock.now += timedelta(seconds=seconds)
        await guess()
    # Five are free; then nothing is even looked at before the wait is over, and each failure doubles it.
    assert waits == [0, 0, 0, 0, 0, 1, 0, 2, 0, 4, 0, 8, 0, 16, 0]
    clock.now += timedelta(seconds=32)
    await sign_in(house, email="owner@example.com", password=PASSWORD)
    with pytest.raises(SignInFailed):
        await sign_in(house, email="owner@example.com", password="wrong wrong wrong")


async def test_an_address_that_tries_many_accounts_waits_too(house: House) -> None:
    await found_group(house)
    refusals: list[type[Exception]] = []
    for number in range(22):
        try:
            await sign_in(house, email=f"guess{number}@example.com", password="x", address="198.51.100.9")
        except (SignInFailed, TooMany) as refusal:
            refusals.append(type(refusal))
    assert refusals == [SignInFailed] * 20 + [TooMany] * 2
    await sign_in(house, email="owner@example.com", password=PASSWORD, address="198.51.100.10")


async def test_many_guesses_at_once_do_not_slip_through(own_house: House) -> None:
    await found_group(own_house)

    async def guess() -> type[Exception]:
        try:
            await sign_in(own_house, email="agent@example.com", password="wrong wrong wrong")
        except (SignInFailed, TooMany) as refusal:
            return type(refusal)
        raise AssertionError

    answers = await asyncio.gather(*(guess() for _ in range(16)))
    assert (answers.count(SignInFailed), answers.count(TooMany)) == (5, 11)
    assert len(await facts(own_house, "sign_in.refused")) == 5


async def test_sessions_end_idle_at_the_end_and_when_closed(house: House, clock: Clock) -> None:
    await found_group(house)

    async def opens(token: str) -> bool:
        return await actor_from(house, token, None) is not None

    idle = await sign_in(house, email="owner@example.com", password=PASSWORD)
    clock.now += timedelta(hours=11, minutes=59)
    assert await opens(idle.token)
    clock.now += timedelta(hours=11, minutes=59)
    assert await opens(idle.token)
    clock.now += timedelta(hours=12)
    assert not await opens(idle.token)
    busy = await sign_in(house, email="owner@example.com", password=PASSWORD)
    for _ in range(23):
        clock.now += timedelta(hours=7)
        assert await opens(busy.token)
    clock.now += timedelta(hours=7)
    assert not await opens(busy.token)
    assert not await opens("nonsense")
    assert not await opens("n" * 300)


async def test_own_sessions_are_listed_and_closed_at_once(house: House) -> None:
    group = await found_group(house)
    agent = await actor_of(house, group.agent)
    owner = await actor_of(house, group.owner)
    other = await sign_in(house, email="owner@example.com", password=PASSWORD, device="Firefox")
    assert await actor_from(house, other.token, None) is not None
    async with begin(house, owner) as work:
        listed = await list_sessions(work)
        assert {(one.id, one.current) for one in listed} == {
            (owner.session_id, True),
            (other.session_id, False),
        }
    async with begin(house, agent) as work:
        with pytest.raises(NotFound):
            await revoke_session(work, other.session_id)
    async with begin(house, owner) as work:
        await revoke_session(work, other.session_id)
    assert await actor_from(house, other.token, None) is None
    async with begin(house, owner) as work:
        await sign_out(work)
        assert await list_sessions(work) == []
    assert [data["why"] for _, _, data in await facts(house, "session.closed")] == ["revoked", "signed_out"]


async def test_a_hot_request_asks_the_database_nothing(own_house: House) -> None:
    await found_group(own_house)
    opened = await sign_in(own_house, email="owner@example.com", password=PASSWORD)
    first = await actor_from(own_house, opened.token, None)
    asked: list[str] = []

    def note(*told: Any) -> None:
        asked.append(told[2])

    event.listen(own_house.database.engine.sync_engine, "before_cursor_execute", note)
    assert [await actor_from(own_house, opened.token, None) for _ in range(100)] == [first] * 100
    assert asked == []
    await actor_from(own_house, "unknown", None)
    assert len(asked) == 1


async def test_another_process_notices_within_ten_seconds(own_house: House, clock: Clock) -> None:
    await found_group(own_house)
    opened = await sign_in(own_house, email="owner@example.com", password=PASSWORD)
    assert await actor_from(own_house, opened.token, None) is not None
    async with begin(own_house, SYSTEM) as work:  # as another process would: our memory is not told
        await work.session.execute(text("UPDATE session SET closed_at = now()"))
    clock.now += timedelta(seconds=9)
    assert await actor_from(own_house, opened.token, None) is not None
    clock.now += timedelta(seconds=1)
    assert await actor_from(own_house, opened.token, None) is None


async def test_changing_the_password_closes_the_other_sessions(house: House) -> None:
    group = await found_group(house)
    other = await sign_in(house, email="owner@example.com", password=PASSWORD)
    owner = await actor_of(house, group.owner)
    with pytest.raises(PasswordNotRight):
        await change_password(house, owner, "not mine at all", NEW)
    with pytest.raises(PasswordTooWeak):
        await change_password(house, owner, PASSWORD, "short")
    await change_password(house, owner, PASSWORD, NEW)
    assert await actor_from(house, other.token, None) is None
    with pytest.raises(SignInFailed):
        await sign_in(house, email="owner@example.com", password=PASSWORD)
    await sign_in(house, email="owner@example.com", password=NEW)
    assert [data["how"] for _, _, data in await facts(house, "password.changed")] == ["owner"]


async def test_a_link_sets_a_password_once(house: House, clock: Clock) -> None:
    group = await found_group(house)
    owner = await actor_of(house, group.owner)
    session = await sign_in(house, email="agent@example.com", password=PASSWORD)
    async with begin(house, owner) as work:
        older = await make_password_link(work, group.agent.id)
        link = await make_password_link(work, group.agent.id)
    for spent in (older.token, link.token[:-1] + "g", "0" * 96, "rubbish"):
        with pytest.raises(PasswordLinkSpent):
            await set_password(house, spent, NEW)
    with pytest.raises(PasswordTooWeak) as weak:
        await set_password(house, link.token, "agent2026 agent")
    assert weak.value.data["reason"] == "own_name"
    await set_password(house, link.token, NEW)
    assert await actor_from(house, session.token, None) is None
    await sign_in(house, email="agent@example.com", password=NEW)
    with pytest.raises(PasswordLinkSpent):
        await set_password(house, link.token, NEW)
    async with begin(house, owner) as work:
        late = await make_password_link(work, group.agent.id)
    clock.now += timedelta(days=3)
    with pytest.raises(PasswordLinkSpent):
        await set_password(house, late.token, NEW)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("kurz", "too_short"),
        ("x" * 201, "too_long"),
        ("ababababab", "too_plain"),
        ("password1234", "too_common"),
        ("Qwerty12345!", "too_common"),
        ("linruoxi@home", "own_name"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, reason: str) -> None:
    with pytest.raises(PasswordTooWeak) as refusal:
        check_strength(password, "林若溪", "linruoxi@example.com")
    assert refusal.value.data["reason"] == reason


def test_long_sentences_are_good_passwords() -> None:
    for password in (PASSWORD, NEW, "correct horse battery staple", "password of the old lighthouse"):
        check_strength(password, "林若溪", "owner@example.com")


async def with_totp(house: House, actor: Actor) -> tuple[pyotp.TOTP, list[str]]:
    async with begin(house, actor) as work:
        enrolment = await enrol_totp(work)
    totp = pyotp.parse_uri(enrolment.uri)
    assert isinstance(totp, pyotp.TOTP)
    assert totp.secret == enrolment.secret
    async with begin(house, actor) as work:
        codes = await confirm_totp(work, totp.at(house.clock()))
    return totp, codes.recovery_codes


async def owner_with_totp(house: House) -> tuple[Group, Actor, pyotp.TOTP, list[str]]:
    group = await found_group(house)
    owner = await actor_of(house, group.owner)
    totp, codes = await with_totp(house, owner)
    return group, owner, totp, codes


async def test_the_second_factor_is_asked_for_and_no_code_works_twice(house: House, clock: Clock) -> None:
    _, owner, totp, _ = await owner_with_totp(house)
    with pytest.raises(TotpCodeNeeded):
        await sign_in(house, email="owner@example.com", password=PASSWORD)
    confirmed_with = totp.at(clock.now)
    with pytest.raises(TotpCodeWrong):
        await sign_in(house, email="owner@example.com", password=PASSWORD, code=confirmed_with)
    clock.now += timedelta(seconds=30)
    code = totp.at(clock.now)
    await sign_in(house, email="owner@example.com", password=PASSWORD, code=code)
    with pytest.raises(TotpCodeWrong):
        await sign_in(house, email="owner@example.com", password=PASSWORD, code=code)
    with pytest.raises(TotpCodeWrong):  # the one before the last accepted is within the window, and too old
        await sign_in(house, email="owner@example.com", password=PASSWORD, code=confirmed_with)
    clock.now += timedelta(seconds=90)
    late = totp.at(clock.now - timedelta(seconds=30))
    await sign_in(house, email="owner@example.com", password=PASSWORD, code=late)
    assert [data["how"] for _, _, data in await facts(house, "session.opened")] == [
        "password",
        "totp",
        "totp",
    ]
    assert [data["reason"] for _, _, data in await facts(house, "sign_in.refused")] == ["wrong_code"] * 3
    async with begin(house, owner) as work:
        stored = await work.session.scalar(
            text("SELECT totp_secret FROM account WHERE totp_secret IS NOT NULL")
        )
        assert totp.secret not in str(stored)
        with pytest.raises(TotpAlreadyOn):
            await enrol_totp(work)


async def test_the_same_code_at_the_same_moment_opens_once(own_house: House, clock: Clock) -> None:
    _, _, totp, _ = await owner_with_totp(own_house)
    clock.now += timedelta(seconds=30)
    code = totp.at(clock.now)

    async def enter() -> bool:
        try:
            await sign_in(own_house, email="owner@example.com", password=PASSWORD, code=code)
        except TotpCodeWrong:
            return False
        return True

    assert sorted(await asyncio.gather(enter(), enter(), enter())) == [False, False, True]


async def test_a_recovery_code_opens_once(house: House) -> None:
    _, _, _, codes = await owner_with_totp(house)
    assert len(set(codes)) == 10
    await sign_in(house, email="owner@example.com", password=PASSWORD, code=codes[3].upper())
    with pytest.raises(TotpCodeWrong):
        await sign_in(house, email="owner@example.com", password=PASSWORD, code=codes[3])
    assert [data["left"] for _, _, data in await facts(house, "recovery_code.used")] == [9]


async def test_the_second_factor_goes_with_a_code_or_by_the_owner(house: House, clock: Clock) -> None:
    group, owner, totp, codes = await owner_with_totp(house)
    async with begin(house, owner) as work:
        with pytest.raises(CodeNotRight):
            await disable_totp(work, "000000")
    clock.now += timedelta(seconds=30)
    async with begin(house, owner) as work:
        fresh = await new_recovery_codes(work, totp.at(clock.now))
        assert not set(fresh.recovery_codes) & set(codes)
    async with begin(house, owner) as work:
        with pytest.raises(CodeNotRight):
            await disable_totp(work, codes[0])
    async with begin(house, owner) as work:
        await disable_totp(work, fresh.recovery_codes[0])
    await sign_in(house, email="owner@example.com", password=PASSWORD)
    agent = await actor_of(house, group.agent)
    await with_totp(house, agent)
    async with begin(house, owner) as work:
        assert (await remove_totp(work, group.agent.id)).totp is False
    await sign_in(house, email="agent@example.com", password=PASSWORD)
    assert [name for name, _, _ in await facts(house, "totp.enabled", "totp.disabled")] == [
        "totp.enabled", "totp.disabled", "totp.enabled", "totp.disabled",
    ]  # fmt: skip


async def test_who_was_deactivated_is_out_at_once(house: House) -> None:
    group = await found_group(house)
    opened = await sign_in(house, email="agent@example.com", password=PASSWORD)
    assert await actor_from(house, opened.token, None) is not None
    async with begin(house, await actor_of(house, group.owner)) as work:
        await deactivate(work, group.agent.id)
    assert await actor_from(house, opened.token, None) is None
    with pytest.raises(SignInFailed):
        await sign_in(house, email="agent@example.com", password=PASSWORD)

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from aftercare.identity import (
    BUILT_IN,
    PERMISSIONS,
    AccountChange,
    EmailTaken,
    LastOwner,
    NewAccount,
    NewRole,
    RoleFixed,
    RoleInUse,
    RoleNameTaken,
    UnknownPermission,
    actor_from,
    change_account,
    change_role,
    create_account,
    create_token,
    deactivate,
    find_account,
    get_account,
    limit,
    list_accounts,
    list_roles,
    list_tokens,
    make_password_link,
    members_of,
    names_of,
    new_role,
    reactivate,
    remove_role,
    revoke_token,
    seed_roles,
    set_memberships,
    tidy,
)
from aftercare.identity.model import Role
from aftercare.journal import SYSTEM, Actor, House, PermissionMissing, begin
from aftercare.kit.errors import NotAllowed, NotFound, TooMany
from tests.conftest import Clock
from tests.identity.people import Group, actor_of, cheap_hash, facts, found_group


async def manager_of_first_shop(group: Group) -> Actor:
    """Somebody with the rights of an owner, in one shop only."""
    async with begin(group.house, SYSTEM) as work:
        account = await create_account(
            work,
            NewAccount(email="boss@example.com", name="陈思源", role="owner", shops=[group.shops[0].id]),
            password_hash=cheap_hash(),
        )
    return await actor_of(group.house, account)


async def test_seven_roles_are_seeded_once_and_changes_stay(house: House) -> None:
    await found_group(house)
    async with begin(house, SYSTEM) as work:
        await change_role(work, "agent", ["cases.read"])
        await seed_roles(work)
        known = {role.name: role.permissions for role in await list_roles(work)}
    assert (
        set(known)
        == {"owner", "supervisor", "agent", "warehouse", "finance", "arbiter", "auditor"}
        == set(BUILT_IN)
    )
    assert known["agent"] == ["cases.read"]
    assert known["owner"] == sorted(PERMISSIONS)
    assert {permission for permission in known["auditor"] if not permission.endswith(".read")} == set()
    assert len(PERMISSIONS) == len(set(PERMISSIONS)) == 33


async def test_what_could_not_be_allowed_before_is_given_to_built_in_roles_once(house: House) -> None:
    await found_group(house)
    async with begin(house, SYSTEM) as work:
        await change_role(work, "agent", ["cases.read"])
        before = sorted(set(PERMISSIONS) - {"cases.assign"})
        await work.session.execute(update(Role).where(Role.name == "agent").values(offered=before))
        await seed_roles(work)
        await change_role(work, "agent", ["cases.read"])
        await seed_roles(work)
        known = {role.name: role.permissions for role in await list_roles(work)}
        assert known["agent"] == ["cases.read"]
        await work.session.execute(update(Role).where(Role.name == "agent").values(offered=before))
        await seed_roles(work)
        known = {role.name: role.permissions for role in await list_roles(work)}
    assert known["agent"] == ["cases.assign", "cases.read"]


async def test_a_changed_role_changes_what_is_allowed_at_once(house: House) -> None:
    group = await found_group(house)
    agent = await actor_of(house, group.agent)
    owner = await actor_of(house, group.owner)
    async with begin(house, owner) as work:
        made = await new_role(work, NewRole(name="夜班 客服", permissions=["cases.read", "claims.read"]))
        assert made.permissions == ["cases.read", "claims.read"]
        with pytest.raises(RoleNameTaken):
            await new_role(work, NewRole(name="夜班 客服", permissions=[]))
        with pytest.raises(UnknownPermission):
            await new_role(work, NewRole(name="other", permissions=["cases.burn"]))
        with pytest.raises(RoleFixed):
            await change_role(work, "owner", [])
        with pytest.raises(RoleFixed):
            await remove_role(work, "agent")
        changed = await set_memberships(work, group.agent.id, "夜班 客服", [shop.id for shop in group.shops])
        assert (changed.role, changed.shops) == ("夜班 客服", sorted(shop.id for shop in group.shops))
        with pytest.raises(RoleInUse):
            await remove_role(work, "夜班 客服")
    now = await actor_of(house, group.agent)
    assert (now.permissions, len(now.shops or ())) == (frozenset({"cases.read", "claims.read"}), 2)
    assert agent.may("claims.decide")
    async with begin(house, owner) as work:
        await change_role(work, "夜班 客服", ["cases.read"])
        await set_memberships(work, group.agent.id, "agent", [])
        await remove_role(work, "夜班 客服")
    assert (await actor_of(house, group.agent)).shops == frozenset()
    told = await facts(house, "role.changed", "membership.changed")
    assert [(name, data.get("added"), data.get("removed"), data.get("role")) for name, _, data in told] == [
        ("role.changed", ["cases.read", "claims.read"], [], None),
        ("membership.changed", None, None, "夜班 客服"),
        ("role.changed", [], ["claims.read"], None),
        ("membership.changed", None, None, "agent"),
        ("role.changed", [], ["cases.read"], None),
    ]


async def test_people_are_listed_as_far_as_one_sees(house: House) -> None:
    group = await found_group(house)
    boss = await manager_of_first_shop(group)
    owner = await actor_of(house, group.owner)
    agent = await actor_of(house, group.agent)
    async with begin(house, owner) as work:
        other = await create_account(
            work, NewAccount(email="b@example.com", name="沈嘉禾", role="agent", shops=[group.shops[1].id])
        )
        assert other.invited
        first = await list_accounts(work, limit=2)
        second = await list_accounts(work, limit=2, after=first.next)
        assert [one.name for one in first.items + second.items] == sorted(
            ["林若溪", "周子航", "陈思源", "沈嘉禾"]
        )
        assert second.next is None
        assert [one.email for one in (await list_accounts(work, search="BOSS")).items] == ["boss@example.com"]
        assert (await find_account(work, "B@example.com")).id == other.id
        assert await members_of(work, group.shops[0].id, "claims.decide") == [
            one.id
            for one in sorted(
                [group.owner, group.agent, await find_account(work, "boss@example.com")], key=lambda a: a.name
            )
        ]
    async with begin(house, boss) as work:
        assert {one.name for one in (await list_accounts(work)).items} == {"周子航", "陈思源"}
        for unseen in (other.id, group.owner.id, uuid4()):
            with pytest.raises(NotFound):
                await get_account(work, unseen)
    async with begin(house, agent) as work:
        with pytest.raises(PermissionMissing):
            await list_accounts(work)
        assert (await get_account(work, group.agent.id)).name == "周子航"
        assert (await change_account(work, group.agent.id, AccountChange(locale="en"))).locale == "en"
        assert await names_of(work, [group.owner.id]) == {group.owner.id: "林若溪"}
        with pytest.raises(PermissionMissing):
            await change_account(work, group.owner.id, AccountChange(name="Somebody"))


async def test_nobody_climbs_above_himself(house: House) -> None:
    """Over an account that reaches further, or may more, nobody gets power: not by role, shop, link or second factor."""
    group = await found_group(house)
    boss = await manager_of_first_shop(group)
    async with begin(house, boss) as work:
        for verb in (make_password_link, deactivate):
            with pytest.raises(NotAllowed):
                await verb(work, group.owner.id)
        with pytest.raises(NotAllowed):
            await set_memberships(work, group.agent.id, "agent", None)
        with pytest.raises(NotFound):
            await set_memberships(work, group.agent.id, "agent", [group.shops[1].id])
        with pytest.raises(NotAllowed):
            await new_role(work, NewRole(name="mine", permissions=["cases.read"]))
    async with begin(house, SYSTEM) as work:
        await new_role(work, NewRole(name="people", permissions=["users.read", "users.write"]))
        clerk = await create_account(
            work,
            NewAccount(email="clerk@example.com", name="许清和", role="people", shops=None),
            password_hash=cheap_hash(),
        )
    async with begin(house, await actor_of(house, clerk)) as work:
        for stronger in (group.owner.id, group.agent.id):
            with pytest.raises(PermissionMissing):
                await make_password_link(work, stronger)
        with pytest.raises(PermissionMissing):
            await set_memberships(work, clerk.id, "owner", None)
        with pytest.raises(PermissionMissing):
            await change_role(work, "people", ["users.read", "users.write", "claims.money"])
        with pytest.raises(PermissionMissing):
            await create_account(work, NewAccount(email="x@example.com", name="X", role="agent", shops=None))
        with pytest.raises(EmailTaken):
            await create_account(
                work, NewAccount(email="OWNER@example.com", name="X", role="people", shops=[])
            )


async def test_the_last_owner_stays(own_house: House) -> None:
    group = await found_group(own_house)
    async with begin(own_house, SYSTEM) as work:
        second = await create_account(
            work, NewAccount(email="o2@example.com", name="O2", role="owner", shops=None)
        )

    async def leave(account_id: object) -> bool:
        try:
            async with begin(own_house, SYSTEM) as work:
                await deactivate(work, group.owner.id if account_id == group.owner.id else second.id)
        except LastOwner:
            return False
        return True

    assert sorted(await asyncio.gather(leave(group.owner.id), leave(second.id))) == [False, True]
    async with begin(own_house, SYSTEM) as work:
        await reactivate(work, group.owner.id)
        await reactivate(work, second.id)
        await set_memberships(work, second.id, "agent", None)
        with pytest.raises(LastOwner):
            await set_memberships(work, group.owner.id, "owner", [group.shops[0].id])


async def test_a_token_may_no_more_than_its_maker(house: House, clock: Clock) -> None:
    group = await found_group(house)
    agent = await actor_of(house, group.agent)
    owner = await actor_of(house, group.owner)
    async with begin(house, agent) as work:
        made = await create_token(
            work, "robot", ["cases.read", "claims.read"], None, clock.now + timedelta(days=30)
        )
        with pytest.raises(PermissionMissing):
            await create_token(work, "robot", ["users.write"], None, None)
        with pytest.raises(NotFound):
            await create_token(work, "robot", ["cases.read"], [group.shops[1].id], None)
    assert made.secret.startswith("act_")
    signed = await actor_from(house, None, made.secret)
    assert signed is not None
    assert signed.actor.shops == frozenset({group.shops[0].id})
    assert signed.actor.permissions == frozenset({"cases.read", "claims.read"})
    assert (signed.actor.kind, signed.actor.id, signed.session_id) == ("integration", made.token.id, None)
    async with begin(house, signed.actor) as work:
        with pytest.raises(NotAllowed):
            await create_token(work, "child", ["cases.read"], None, None)
    first_use = clock.now

    async def last_used() -> object:
        async with begin(house, agent) as work:
            return [token.last_used_at for token in await list_tokens(work)]

    assert await last_used() == [first_use]
    clock.now += timedelta(seconds=59)
    await actor_from(house, None, made.secret)
    assert await last_used() == [first_use]
    clock.now += timedelta(seconds=11)
    await actor_from(house, None, made.secret)
    assert await last_used() == [first_use + timedelta(seconds=70)]
    async with begin(house, owner) as work:
        await change_role(work, "agent", ["cases.read"])
    weaker = await actor_from(house, None, made.secret)
    assert weaker is not None
    assert weaker.actor.permissions == frozenset({"cases.read"})
    async with begin(house, owner) as work:
        await revoke_token(work, made.token.id)
        await revoke_token(work, made.token.id)
    assert await actor_from(house, None, made.secret) is None
    assert [name for name, _, _ in await facts(house, "token.created", "token.revoked")] == [
        "token.created",
        "token.revoked",
    ]


async def test_a_token_ends_with_its_day_and_with_its_maker(house: House, clock: Clock) -> None:
    group = await found_group(house)
    async with begin(house, await actor_of(house, group.agent)) as work:
        short = await create_token(work, "short", ["cases.read"], None, clock.now + timedelta(hours=1))
        long = await create_token(work, "long", ["cases.read"], [group.shops[0].id], None)
    clock.now += timedelta(hours=1)
    assert await actor_from(house, None, short.secret) is None
    assert await actor_from(house, None, long.secret) is not None
    async with begin(house, SYSTEM) as work:
        await deactivate(work, group.agent.id)
        with pytest.raises(NotFound):
            await revoke_token(work, uuid4())
    assert await actor_from(house, None, long.secret) is None


async def test_a_limit_counts_also_what_it_refuses_nothing_more(own_house: House, clock: Clock) -> None:
    async def use() -> bool:
        try:
            await limit(own_house, "guest:203.0.113.7", 5, timedelta(minutes=1))
        except TooMany as refusal:
            return refusal.data != {"retry_after": 60}
        return True

    assert sorted(await asyncio.gather(*(use() for _ in range(16)))) == [False] * 11 + [True] * 5
    await limit(own_house, "guest:203.0.113.8", 5, timedelta(minutes=1))
    clock.now += timedelta(seconds=59, milliseconds=500)
    with pytest.raises(TooMany) as refusal:
        await limit(own_house, "guest:203.0.113.7", 5, timedelta(minutes=1))
    assert refusal.value.data == {"retry_after": 1}
    clock.now += timedelta(milliseconds=500)
    assert await use()


async def test_what_has_served_its_time_goes(house: House, clock: Clock) -> None:
    group = await found_group(house)
    await actor_of(house, group.owner)
    await limit(house, "guest", 5, timedelta(minutes=1))
    async with begin(house, SYSTEM) as work:
        await make_password_link(work, group.agent.id)
        assert await tidy(work) == 0
    clock.now += timedelta(days=38)
    async with begin(house, SYSTEM) as work:
        # The address's counter (the account's went with the sign-in), the limit, the link and the session.
        assert await tidy(work) == 4
        assert await tidy(work) == 0

"""Roles: names for sets of permissions, as data."""

from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from aftercare.identity.cache import forget_who
from aftercare.identity.events import RoleChanged
from aftercare.identity.model import Membership, Role, RoleFixed, RoleInUse, RoleNameTaken, UnknownPermission
from aftercare.journal import PermissionMissing, Work
from aftercare.kit.errors import NotAllowed, NotFound

PERMISSIONS = (
    "claims.read",
    "claims.decide",
    "claims.money",
    "claims.inspect",
    "claims.arbitrate",
    "cases.read",
    "cases.write",
    "cases.assign",
    "conversations.write",
    "orders.read",
    "orders.import",
    "logistics.write",
    "supply.write",
    "refunds.read",
    "refunds.execute",
    "policies.read",
    "policies.write",
    "promises.read",
    "promises.write",
    "customers.privacy",
    "users.read",
    "users.write",
    "shops.read",
    "shops.write",
    "notices.read",
    "notices.write",
    "journal.read",
    "journal.operate",
    "insights.read",
    "insights.write",
    "reports.release",
    "knowledge.read",
    "knowledge.write",
)
"""All that a role or a token can be allowed."""

_DESK = "claims.read cases.read conversations.write orders.read shops.read policies.read promises.read refunds.read knowledge.read"

BUILT_IN: dict[str, frozenset[str]] = {
    "owner": frozenset(PERMISSIONS),
    "supervisor": frozenset(PERMISSIONS)
    - {
        "claims.arbitrate",
        "users.write",
        "shops.write",
        "orders.import",
        "refunds.execute",
        "journal.operate",
    },
    "agent": frozenset(
        f"{_DESK} claims.decide cases.write cases.assign logistics.write notices.read".split()
    ),
    "warehouse": frozenset(
        {
            "claims.read",
            "claims.inspect",
            "cases.read",
            "conversations.write",
            "orders.read",
            "logistics.write",
        }
        | {"supply.write", "shops.read"}
    ),
    "finance": frozenset(
        f"{_DESK} claims.money refunds.execute journal.read insights.read insights.write".split()
    ),
    "arbiter": frozenset(f"{_DESK} claims.arbitrate journal.read".split()),
    "auditor": frozenset(permission for permission in PERMISSIONS if permission.endswith(".read")),
}

_NAMESPACE = UUID("0198c0de-5e1f-7a00-8000-0af7e5ca5e00")


class RoleView(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    name: str
    permissions: list[str]
    built_in: bool


class NewRole(BaseModel):
    name: str = Field(pattern=r"^\w([\w -]{0,38}\w)?$")
    permissions: list[str]


async def seed_roles(work: Work) -> None:
    """Adds the built-in roles that are missing, and to the others what could not be allowed before. What a shop has changed
    stays; only the owner always may everything."""
    rows = [
        {
            "id": uuid5(_NAMESPACE, name),
            "name": name,
            "permissions": sorted(permissions),
            "built_in": True,
            "offered": sorted(PERMISSIONS),
        }
        for name, permissions in BUILT_IN.items()
    ]
    statement = insert(Role).values(rows)
    given = text(
        """CASE WHEN role.name = 'owner' THEN excluded.permissions ELSE (
          SELECT coalesce(jsonb_agg(permission ORDER BY permission), '[]') FROM (
            SELECT jsonb_array_elements_text(role.permissions) AS permission UNION
            SELECT new FROM jsonb_array_elements_text(excluded.permissions) AS new WHERE NOT role.offered ? new) both_) END"""
    )
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=[Role.name],
            set_={"permissions": given, "offered": statement.excluded.offered},
            where=Role.built_in.is_(True),
        )
    )


async def list_roles(work: Work) -> list[RoleView]:
    """Needs `users.read`."""
    work.require("users.read")
    rows = await work.session.scalars(select(Role).order_by(Role.built_in.desc(), Role.name))
    return [RoleView.model_validate(row) for row in rows]


async def new_role(work: Work, new: NewRole) -> RoleView:
    """Needs `users.write` for the whole group. Refuses with RoleNameTaken, UnknownPermission, and to give more than one has."""
    _may_write(work)
    permissions = _within_own(work, new.permissions)
    row = Role(id=work.new_id(), name=new.name, permissions=permissions, built_in=False)
    try:
        async with work.session.begin_nested():
            work.session.add(row)
    except IntegrityError:
        raise RoleNameTaken(name=new.name) from None
    work.record(RoleChanged(role_id=row.id, added=permissions, removed=[]))
    return RoleView.model_validate(row)


async def change_role(work: Work, name: str, permissions: list[str]) -> RoleView:
    """Needs `users.write` for the whole group. The owner's role stays as it is (RoleFixed)."""
    _may_write(work)
    row = await _locked_role(work, name)
    if name == "owner":
        raise RoleFixed(name=name)
    before, after = set(row.permissions), set(permissions)
    _within_own(work, sorted(before | after))
    if before != after:
        row.permissions = sorted(after)
        work.record(RoleChanged(role_id=row.id, added=sorted(after - before), removed=sorted(before - after)))
        await work.session.flush()
        forget_who(work, lambda _: True)
    return RoleView.model_validate(row)


async def remove_role(work: Work, name: str) -> None:
    """Needs `users.write` for the whole group. Refuses with RoleFixed or RoleInUse."""
    _may_write(work)
    row = await _locked_role(work, name)
    if row.built_in:
        raise RoleFixed(name=name)
    if await work.session.scalar(select(Membership.id).where(Membership.role == name).limit(1)):
        raise RoleInUse(name=name)
    await work.session.execute(delete(Role).where(Role.id == row.id))
    work.record(RoleChanged(role_id=row.id, added=[], removed=row.permissions))


async def permissions_of(work: Work, role: str) -> frozenset[str]:
    """Refuses with NotFound."""
    found = await work.session.scalar(select(Role.permissions).where(Role.name == role))
    if found is None:
        raise NotFound(role=role)
    return frozenset(found)


def may_give(work: Work, permissions: frozenset[str]) -> None:
    """Nobody gives, or rules over, more than he has himself. Refuses with PermissionMissing."""
    missing = sorted(permission for permission in permissions if not work.actor.may(permission))
    if missing:
        raise PermissionMissing(permission=missing[0])


def known_permissions(permissions: list[str]) -> list[str]:
    """Sorted, each once. Refuses with UnknownPermission."""
    for permission in permissions:
        if permission not in PERMISSIONS:
            raise UnknownPermission(permission=permission, known=list(PERMISSIONS))
    return sorted(set(permissions))


def _may_write(work: Work) -> None:
    work.require("users.write")
    if work.actor.shops is not None:
        raise NotAllowed(needed="every shop")


def _within_own(work: Work, permissions: list[str]) -> list[str]:
    known = known_permissions(permissions)
    may_give(work, frozenset(known))
    return known


async def _locked_role(work: Work, name: str) -> Role:
    row = await work.session.scalar(select(Role).where(Role.name == name).with_for_update())
    if row is None:
        raise NotFound(role=name)
    return row


async def lock_owners(work: Work) -> None:
    """Whoever may take away the last owner waits here for whoever else may."""
    await work.session.execute(text("SELECT FROM role WHERE name = 'owner' FOR UPDATE"))

"""Members of staff: their profile, and who could take a matter now."""

from collections.abc import Collection, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from aftercare.identity import shops_exist
from aftercare.journal import ActorKind, PermissionMissing, Work
from aftercare.kit.text import one_line
from aftercare.people.events import MemberChanged
from aftercare.people.model import CapacityNotPossible, Member, MemberNotFound, MemberShop

Skill = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]


class MemberProfile(BaseModel):
    skills: list[Skill] = Field(default=[], max_length=50)
    languages: list[Language] = Field(default=[], max_length=50)
    capacity: int = 20
    working: bool = False
    shop_ids: list[UUID] = Field(default=[], max_length=1_000)


class MemberView(BaseModel):
    account_id: UUID
    name: str
    skills: list[str]
    languages: list[str]
    capacity: int
    working: bool
    shop_ids: list[UUID]


_MEMBERS = """
    SELECT m.account_id, a.name, m.skills, m.languages, m.capacity, m.working,
      array(SELECT s.shop_id FROM member_shop s WHERE s.account_id = m.account_id ORDER BY s.shop_id) AS shop_ids
    FROM member m JOIN account a ON a.id = m.account_id WHERE {which} ORDER BY a.name, m.account_id
"""


# Who has shifts works within one of them, on a day that is not off; the night of a shift belongs to the day it began on.
ON_SHIFT = """(
  NOT EXISTS (SELECT FROM shift s WHERE s.account_id = m.account_id)
  OR EXISTS (
    SELECT FROM shift s CROSS JOIN LATERAL (
      SELECT CAST(:now AS timestamptz) AT TIME ZONE s.time_zone AS local) here
    CROSS JOIN LATERAL (VALUES (CAST(here.local AS date)), (CAST(here.local AS date) - 1)) AS day(began_on)
    WHERE s.account_id = m.account_id AND extract(isodow FROM day.began_on) = s.weekday
      AND here.local >= day.began_on + s.begins
      AND here.local < day.began_on + s.ends + CASE WHEN s.ends < s.begins THEN interval '1 day' ELSE interval '0' END
      AND NOT EXISTS (SELECT FROM day_off o WHERE o.account_id = m.account_id AND o.off_on = day.began_on)))"""


async def set_profile(work: Work, account_id: UUID, profile: MemberProfile) -> MemberView:
    """Makes or replaces the profile of an account. Needs `users.write`; shops that the actor does not see stay as they are."""
    work.require("users.write")
    if not 0 <= profile.capacity <= 1000:
        raise CapacityNotPossible(capacity=profile.capacity)
    known = await work.session.execute(text("SELECT 1 FROM account WHERE id = :id"), {"id": account_id})
    if known.one_or_none() is None or not all(work.actor.sees(shop_id) for shop_id in profile.shop_ids):
        raise MemberNotFound(account_id=account_id)
    await shops_exist(work, profile.shop_ids)
    row = {
        "skills": sorted({one_line(skill) for skill in profile.skills} - {""}),
        "languages": sorted({one_line(language) for language in profile.languages} - {""}),
        "capacity": profile.capacity,
        "working": profile.working,
    }
    await work.session.execute(
        insert(Member)
        .values(account_id=account_id, **row)
        .on_conflict_do_update(index_elements=["account_id"], set_=row)
    )
    await work.session.execute(delete(MemberShop).where(MemberShop.account_id == account_id))
    if profile.shop_ids:
        await work.session.execute(
            insert(MemberShop),
            [{"account_id": account_id, "shop_id": shop_id} for shop_id in set(profile.shop_ids)],
        )
    work.record(MemberChanged(account_id=account_id, working=profile.working, capacity=profile.capacity))
    return await get_member(work, account_id)


async def set_working(work: Work, account_id: UUID, working: bool) -> None:
    """Comes to work or leaves; everybody for themselves, with `users.write` for others. Refuses with MemberNotFound."""
    if account_id != work.actor.id and not work.actor.may("users.write"):
        raise PermissionMissing(permission="users.write")
    member = await work.session.get(Member, account_id, with_for_update=True)
    if member is None:
        raise MemberNotFound(account_id=account_id)
    if member.working != working:
        member.working = working
        work.record(MemberChanged(account_id=account_id, working=working, capacity=member.capacity))


async def get_member(work: Work, account_id: UUID) -> MemberView:
    """Refuses with MemberNotFound."""
    require_staff(work)
    rows = await work.session.execute(text(_MEMBERS.format(which="m.account_id = :id")), {"id": account_id})
    row = rows.mappings().one_or_none()
    if row is None:
        raise MemberNotFound(account_id=account_id)
    return MemberView.model_validate(row)


async def list_members(work: Work) -> list[MemberView]:
    """Whom the actor shares a shop with."""
    require_staff(work)
    which = "EXISTS (SELECT FROM member_shop s WHERE s.account_id = m.account_id)"
    rows = await work.session.execute(text(_MEMBERS.format(which=which)))
    return [MemberView.model_validate(row) for row in rows.mappings()]


_FITS = """m.capacity > 0 AND a.active
  AND EXISTS (SELECT FROM member_shop s WHERE s.account_id = m.account_id AND s.shop_id = :shop_id)
  AND (CAST(:skill AS text) IS NULL OR :skill = ANY(m.skills))
  AND (m.languages = '{}' OR :language IN (SELECT split_part(l, '-', 1) FROM unnest(m.languages) AS l))"""


async def available_members(
    work: Work, shop_id: UUID, skill: str | None, locale: str, *, off_too: bool = False
) -> Sequence[MemberView]:
    """Who is at work, takes cases of the shop, knows the skill (if one is asked for) and speaks the language of the locale; with
    `off_too` also who is not at work now. How much each already carries, the caller knows."""
    which = _FITS if off_too else f"m.working AND {ON_SHIFT} AND {_FITS}"
    rows = await work.session.execute(
        text(_MEMBERS.format(which=which)),
        {"shop_id": shop_id, "skill": skill, "language": locale.split("-")[0], "now": work.now},
    )
    return [MemberView.model_validate(row) for row in rows.mappings()]


async def at_work(work: Work, account_ids: Collection[UUID]) -> dict[UUID, bool]:
    """Whether each is at work now; nobody knows of an account that has no profile, and it is left out."""
    if not account_ids:
        return {}
    rows = await work.session.execute(
        text(
            f"SELECT m.account_id, m.working AND a.active AND {ON_SHIFT} AS here"  # noqa: S608  # our own words
            " FROM member m JOIN account a ON a.id = m.account_id WHERE m.account_id = ANY(:ids)"
        ),
        {"ids": list(account_ids), "now": work.now},
    )
    return {row.account_id: row.here for row in rows}


def require_staff(work: Work) -> None:
    if work.actor.kind is ActorKind.customer:
        raise MemberNotFound()

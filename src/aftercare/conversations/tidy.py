"""Uploads that nobody ever used go away: what was never posted, and what no other context has taken up."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, tuple_

from aftercare.conversations.model import File, MessageFile
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.files import Files

UNUSED_FOR = timedelta(days=2)
LOOKED_BACK = timedelta(days=32)
"""Older uploads were looked at often enough; a year of them is not read every hour."""

User = Callable[[Work, Sequence[UUID]], Awaitable[set[UUID]]]
_USERS: list[User] = []


def uses_files(function: User) -> User:
    """Registers a context that refers to files: which of these does it use?"""
    _USERS.append(function)
    return function


async def forget_unused(house: House, *, at_a_time: int = 500) -> int:
    """Deletes uploads of more than two days ago that nothing refers to, and their bytes where no other upload has the same;
    and what uploads left behind that broke off. For the worker's tick. Returns how many uploads went."""
    files = house.port(Files)
    gone, mark = 0, house.clock() - LOOKED_BACK
    last = UUID(int=0)
    while True:
        async with begin(house, SYSTEM) as work:
            before = work.now - UNUSED_FOR
            found = (
                await work.session.execute(
                    select(File.id, File.key, File.uploaded_at)
                    .where(File.uploaded_at < before, tuple_(File.uploaded_at, File.id) > (mark, last))
                    .order_by(File.uploaded_at, File.id)
                    .limit(at_a_time)
                    .with_for_update(skip_locked=True)
                )
            ).all()
            unused = await _unused(work, {row.id: row.key for row in found})
            bare = await _delete(work, unused)
        for key in bare:
            await files.forget_if_older(key, before)
        gone += len(unused)
        if len(found) < at_a_time:
            break
        mark, last = found[-1].uploaded_at, found[-1].id
    await files.forget_broken_off(before)
    return gone


async def _unused(work: Work, files: Mapping[UUID, str]) -> dict[UUID, str]:
    used = set(await work.session.scalars(select(MessageFile.file_id).where(MessageFile.file_id.in_(files))))
    for user in _USERS:
        used |= await user(work, list(files))
    return {file_id: key for file_id, key in files.items() if file_id not in used}


async def _delete(work: Work, files: Mapping[UUID, str]) -> set[str]:
    """The keys under which nothing is kept any more."""
    if not files:
        return set()
    await work.session.execute(delete(File).where(File.id.in_(files)))
    keys = set(files.values())
    return keys - set(await work.session.scalars(select(File.key).where(File.key.in_(keys))))

"""The views that a member of staff keeps under a name."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, select

from aftercare.cases.model import SavedView, ViewNotFound
from aftercare.cases.queries import Filters
from aftercare.journal import ActorKind, Work
from aftercare.kit.text import one_line


class NewView(BaseModel):
    name: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=60)]
    position: int = Field(default=0, ge=0, le=1000)
    filters: Filters


class ViewView(BaseModel):
    id: UUID
    name: str
    position: int
    filters: Filters


def _me(work: Work) -> UUID:
    work.require("cases.read")
    if work.actor.kind is not ActorKind.staff or work.actor.id is None:
        raise ViewNotFound()
    return work.actor.id


def _plain(filters: Filters) -> dict[str, Any]:
    return filters.model_dump(mode="json", exclude_none=True)


async def my_views(work: Work) -> list[ViewView]:
    rows = await work.session.scalars(
        select(SavedView)
        .where(SavedView.account_id == _me(work))
        .order_by(SavedView.position, SavedView.name)
    )
    return [ViewView.model_validate(row, from_attributes=True) for row in rows]


async def save_view(work: Work, new: NewView, view_id: UUID | None = None) -> ViewView:
    """Keeps a new view, or changes one of one's own. Refuses with ViewNotFound."""
    if view_id is None:
        row = SavedView(id=work.new_id(), account_id=_me(work), name=new.name, position=new.position,
                        filters=_plain(new.filters))  # fmt: skip
        work.session.add(row)
    else:
        found = await work.session.get(SavedView, view_id)
        if found is None or found.account_id != _me(work):
            raise ViewNotFound(view_id=view_id)
        row = found
        row.name, row.position, row.filters = new.name, new.position, _plain(new.filters)
    await work.session.flush()
    return ViewView.model_validate(row, from_attributes=True)


async def forget_view(work: Work, view_id: UUID) -> None:
    gone = await work.session.execute(
        delete(SavedView)
        .where(SavedView.id == view_id, SavedView.account_id == _me(work))
        .returning(SavedView.id)
    )
    if gone.one_or_none() is None:
        raise ViewNotFound(view_id=view_id)

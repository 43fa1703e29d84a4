"""What is to be done at an alarm: the house's own words, or those that a shop has written in their place."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.insights.alarms.events import PlaybookSet
from aftercare.insights.alarms.model import Playbook, PlaybookNotPossible, PlaybookUnknown
from aftercare.journal import Work
from aftercare.kit.text import one_line

LOCALES = ("zh-CN", "zh-TW", "en")
Line = Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=300)]


class NewPlaybook(BaseModel):
    title: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=120)]
    steps: Annotated[list[Line], Field(min_length=1, max_length=20)]


class PlaybookView(BaseModel):
    """`own`: written here, in place of the house's words."""

    code: str
    locale: str
    title: str
    steps: list[str]
    own: bool


@cache
def built_in() -> dict[str, dict[str, Any]]:
    text = files("aftercare.insights.alarms").joinpath("playbooks.toml").read_text("utf-8")
    return tomllib.loads(text)


async def playbooks_of(work: Work, locale: str, shop_id: UUID | None) -> list[PlaybookView]:
    """All of them as they hold in the shop; without one, the house's own. Needs `insights.read`."""
    work.require("insights.read")
    locale = locale if locale in LOCALES else "en"
    own = await work.session.scalars(
        select(Playbook).where(Playbook.locale == locale, Playbook.shop_id == shop_id)
    )
    written = {row.code: row for row in own}
    return [
        PlaybookView(
            code=code,
            locale=locale,
            title=written[code].title if code in written else words[locale]["title"],
            steps=written[code].steps if code in written else words[locale]["steps"],
            own=code in written,
        )
        for code, words in built_in().items()
    ]


async def set_playbook(work: Work, code: str, locale: str, new: NewPlaybook, shop_id: UUID) -> PlaybookView:
    """As the shop will have it from now on. Needs `insights.write`. Refuses with ShopNotFound, PlaybookUnknown, PlaybookNotPossible."""
    work.require("insights.write")
    await identity.get_shop(work, shop_id)
    if code not in built_in():
        raise PlaybookUnknown(code=code)
    if locale not in LOCALES:
        raise PlaybookNotPossible(locale=locale)
    row = {
        "id": work.new_id(),
        "shop_id": shop_id,
        "code": code,
        "locale": locale,
        "title": new.title,
        "steps": list(new.steps),
        "changed_at": work.now,
        "changed_by": work.actor.id,
    }
    put = insert(Playbook).values(row)
    kept = await work.session.scalar(
        put.on_conflict_do_update(
            index_elements=["shop_id", "code", "locale"],
            set_={name: put.excluded[name] for name in ("title", "steps", "changed_at", "changed_by")},
        ).returning(Playbook.id)
    )
    work.record(PlaybookSet(shop_id=shop_id, playbook_id=kept or row["id"], code=code, locale=locale))
    return PlaybookView(code=code, locale=locale, title=new.title, steps=list(new.steps), own=True)

"""Answer texts of a shop in its languages, and the phrases that it does not use."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from aftercare import identity
from aftercare.conversations.events import (
    AnswerTemplateRemoved,
    AnswerTemplateSet,
    PhraseAllowed,
    PhraseForbidden,
)
from aftercare.conversations.model import (
    LONGEST_BODY,
    AnswerTemplate,
    AnswerTemplateNameTaken,
    AnswerTemplateNotFound,
    ForbiddenPhrase,
    PhraseNotFound,
)
from aftercare.conversations.wording import LONGEST_PHRASE, Phrase, built_in_phrases, fields_of
from aftercare.journal import Memory, Work
from aftercare.kit.spoken import LOCALES
from aftercare.kit.text import clean, one_line

Locale = Literal["zh-CN", "zh-TW", "en"]
Line = Annotated[str, AfterValidator(one_line)]
MOST_FOUND = 200


class NewAnswerTemplate(BaseModel):
    """`words` in at least one language. `folder` is a path like 退款/到账."""

    folder: Annotated[Line, Field(max_length=80)] = ""
    name: Annotated[Line, Field(min_length=1, max_length=80)]
    words: dict[
        Locale, Annotated[str, Field(min_length=1, max_length=LONGEST_BODY), AfterValidator(clean)]
    ] = Field(min_length=1)


class AnswerTemplateView(BaseModel):
    id: UUID
    shop_id: UUID
    folder: str
    name: str
    words: dict[str, str]
    fields: list[str]
    used: int
    used_at: datetime | None
    changed_by: UUID | None
    changed_at: datetime

    def in_language(self, locale: str) -> str:
        """Chinese of the other script rather than another language; else whatever there is."""
        order = {"zh-TW": ("zh-TW", "zh-CN", "en"), "zh-CN": ("zh-CN", "zh-TW", "en")}.get(
            locale, ("en", "zh-CN", "zh-TW")
        )
        return next(self.words[one] for one in order if one in self.words)


def _view(row: AnswerTemplate) -> AnswerTemplateView:
    return AnswerTemplateView(
        id=row.id,
        shop_id=row.shop_id,
        folder=row.folder,
        name=row.name,
        words=row.words,
        fields=list(dict.fromkeys(one for said in row.words.values() for one in fields_of(said))),
        used=row.used,
        used_at=row.used_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


async def answer_templates(work: Work, shop_id: UUID | None, search: str = "") -> list[AnswerTemplateView]:
    """Those of a shop, or of all that the actor sees, that hold every word of the search in their name, folder or words; what is
    used most comes first."""
    work.require("cases.read")
    wanted = select(AnswerTemplate)
    if shop_id is not None:
        await identity.get_shop(work, shop_id)
        wanted = wanted.where(AnswerTemplate.shop_id == shop_id)
    for number, word in enumerate(one_line(search).split()[:6]):
        wanted = wanted.where(
            text(
                f"strpos(lower(answer_template.folder || ' ' || answer_template.name || ' ' || answer_template.words::text), lower(:w{number})) > 0"
            ).bindparams(**{f"w{number}": word})
        )
    rows = await work.session.scalars(
        wanted.order_by(AnswerTemplate.used.desc(), AnswerTemplate.folder, AnswerTemplate.name).limit(
            MOST_FOUND
        )
    )
    return [_view(row) for row in rows]


async def answer_template(work: Work, template_id: UUID) -> AnswerTemplateView:
    """Refuses with AnswerTemplateNotFound."""
    row = await work.session.get(AnswerTemplate, template_id, populate_existing=True)
    if row is None or not work.actor.may("cases.read"):
        raise AnswerTemplateNotFound(answer_template_id=template_id)
    return _view(row)


async def set_answer_template(
    work: Work, shop_id: UUID, new: NewAnswerTemplate, template_id: UUID | None = None
) -> AnswerTemplateView:
    """A new one, or other words for one. Needs `notices.write`. Refuses with AnswerTemplateNotFound,
    AnswerTemplateNameTaken."""
    work.require("notices.write")
    await identity.get_shop(work, shop_id)
    values = {**new.model_dump(), "changed_by": work.actor.id, "changed_at": work.now}
    try:
        async with work.session.begin_nested():
            if template_id is None:
                template_id = work.new_id()
                await work.session.execute(
                    insert(AnswerTemplate).values(id=template_id, shop_id=shop_id, **values)
                )
            else:
                changed = await work.session.execute(
                    update(AnswerTemplate)
                    .where(AnswerTemplate.id == template_id, AnswerTemplate.shop_id == shop_id)
                    .values(**values)
                    .returning(AnswerTemplate.id)
                )
                if changed.one_or_none() is None:
                    raise AnswerTemplateNotFound(answer_template_id=template_id)
    except IntegrityError as taken:
        raise AnswerTemplateNameTaken(name=new.name) from taken
    work.record(AnswerTemplateSet(shop_id=shop_id, answer_template_id=template_id, locales=sorted(new.words)))
    return await answer_template(work, template_id)


async def remove_answer_template(work: Work, template_id: UUID) -> None:
    """Needs `notices.write`. Refuses with AnswerTemplateNotFound."""
    work.require("notices.write")
    gone = (
        await work.session.execute(
            delete(AnswerTemplate)
            .where(AnswerTemplate.id == template_id)
            .returning(AnswerTemplate.id, AnswerTemplate.shop_id)
        )
    ).one_or_none()
    if gone is None:
        raise AnswerTemplateNotFound(answer_template_id=template_id)
    work.record(AnswerTemplateRemoved(shop_id=gone.shop_id, answer_template_id=template_id))


async def note_used(work: Work, template_id: UUID) -> None:
    """An answer was sent that began as this text."""
    await work.session.execute(
        update(AnswerTemplate)
        .where(AnswerTemplate.id == template_id)
        .values(used=AnswerTemplate.used + 1, used_at=work.now)
        .execution_options(synchronize_session=False)
    )


class NewPhrase(BaseModel):
    locale: Locale
    says: Annotated[Line, Field(min_length=1, max_length=LONGEST_PHRASE)]
    instead: Annotated[Line, Field(max_length=200)] = ""
    blocks: bool = False


class PhraseView(BaseModel):
    """`id` is None for what no shop should say."""

    id: UUID | None
    locale: str
    says: str
    instead: str
    blocks: bool


async def phrases_of(work: Work, shop_id: UUID) -> list[Phrase]:
    """What the shop has forbidden, and what is forbidden everywhere, as it was at most ten seconds ago. The shop's own word
    about a phrase counts."""
    return await _phrases.recall(
        work, (shop_id, work.actor.sees(shop_id)), lambda: _phrases_of(work, shop_id)
    )


_phrases: Memory[list[Phrase]] = Memory()


async def _phrases_of(work: Work, shop_id: UUID) -> list[Phrase]:
    rows = await work.session.execute(
        select(
            ForbiddenPhrase.locale, ForbiddenPhrase.says, ForbiddenPhrase.instead, ForbiddenPhrase.blocks
        ).where(ForbiddenPhrase.shop_id == shop_id)
    )
    own = [Phrase(row.locale, row.says, row.instead, row.blocks) for row in rows]
    said = {(one.locale, one.says.lower()) for one in own}
    return own + [one for one in built_in_phrases() if (one.locale, one.says.lower()) not in said]


async def list_phrases(work: Work, shop_id: UUID) -> Sequence[PhraseView]:
    """The shop's, then those that hold everywhere. Needs `notices.read`."""
    work.require("notices.read")
    await identity.get_shop(work, shop_id)
    rows = await work.session.scalars(
        select(ForbiddenPhrase)
        .where(ForbiddenPhrase.shop_id == shop_id)
        .order_by(ForbiddenPhrase.locale, ForbiddenPhrase.says)
    )
    own = [PhraseView.model_validate(row, from_attributes=True) for row in rows]
    order = {locale: number for number, locale in enumerate(LOCALES)}
    return [
        *sorted(own, key=lambda one: order.get(one.locale, 9)),
        *(
            PhraseView(id=None, locale=one.locale, says=one.says, instead=one.instead, blocks=one.blocks)
            for one in built_in_phrases()
        ),
    ]


async def forbid_phrase(work: Work, shop_id: UUID, new: NewPhrase) -> PhraseView:
    """Again with the same words changes what is said of it. Needs `notices.write`."""
    work.require("notices.write")
    await identity.get_shop(work, shop_id)
    values = {"instead": new.instead, "blocks": new.blocks, "set_by": work.actor.id, "set_at": work.now}
    phrase_id = (
        await work.session.execute(
            insert(ForbiddenPhrase)
            .values(id=work.new_id(), shop_id=shop_id, locale=new.locale, says=new.says, **values)
            .on_conflict_do_update(index_elements=["shop_id", "locale", "says"], set_=values)
            .returning(ForbiddenPhrase.id)
        )
    ).scalar_one()
    _phrases.forget_with(work)
    work.record(PhraseForbidden(shop_id=shop_id, phrase_id=phrase_id, locale=new.locale, blocks=new.blocks))
    return PhraseView(id=phrase_id, **new.model_dump())


async def allow_phrase(work: Work, phrase_id: UUID) -> None:
    """Needs `notices.write`. Refuses with PhraseNotFound."""
    work.require("notices.write")
    gone = (
        await work.session.execute(
            delete(ForbiddenPhrase)
            .where(ForbiddenPhrase.id == phrase_id)
            .returning(ForbiddenPhrase.shop_id, ForbiddenPhrase.locale)
        )
    ).one_or_none()
    if gone is None:
        raise PhraseNotFound(phrase_id=phrase_id)
    _phrases.forget_with(work)
    work.record(PhraseAllowed(shop_id=gone.shop_id, phrase_id=phrase_id, locale=gone.locale))

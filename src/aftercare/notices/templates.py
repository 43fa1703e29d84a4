"""The words that a shop gives a template of its own, and what happens when they break."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import BaseModel, Field
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.journal import Work
from aftercare.kit.spoken import LOCALES
from aftercare.notices.events import TemplateBroke, TemplateRemoved, TemplateSet
from aftercare.notices.model import Notice, NoticeTemplate, TemplateBroken, TemplateNotFound
from aftercare.notices.rules import rules
from aftercare.notices.telling import Told
from aftercare.notices.wording import (
    FIELDS,
    LONGEST,
    SAMPLE,
    Words,
    built_in,
    fill,
    render,
)
from aftercare.trials import Kind, Who, can_be_tried, refuse_on_trial, variant_for

log = structlog.get_logger()


class NewWords(BaseModel):
    subject: str = Field(min_length=1, max_length=200)
    body: str = Field(min_length=1, max_length=LONGEST)
    button: str = Field(min_length=1, max_length=60)

    @property
    def words(self) -> Words:
        return Words(self.subject, self.body, self.button)


class TemplateView(BaseModel):
    """`own`: the shop's words, else the built-in ones. `error`: why the shop's words could not be filled in last time."""

    template: str
    locale: str
    own: bool
    facts: list[str]
    subject: str
    body: str
    button: str
    changed_by: UUID | None
    changed_at: datetime | None
    error: str | None
    broke_at: datetime | None


class Preview(BaseModel):
    subject: str
    text: str
    html: str
    fields: list[str]


def _known(template: str, locale: str) -> Words:
    if locale not in LOCALES or template not in {rule.template for rule in rules()}:
        raise TemplateNotFound(template=template, locale=locale)
    return built_in(template, locale)


async def list_templates(work: Work, shop_id: UUID) -> list[TemplateView]:
    """Every template in every language, as this shop uses it. Needs `notices.read`."""
    work.require("notices.read")
    await identity.get_shop(work, shop_id)
    own = {
        (row.template, row.locale): row
        for row in await work.session.scalars(select(NoticeTemplate).where(NoticeTemplate.shop_id == shop_id))
    }
    views: list[TemplateView] = []
    for template in dict.fromkeys(rule.template for rule in rules()):
        facts = [rule.fact for rule in rules() if rule.template == template]
        for locale in LOCALES:
            row = own.get((template, locale))
            shown: Any = row or built_in(template, locale)
            views.append(
                TemplateView(
                    template=template,
                    locale=locale,
                    own=row is not None,
                    facts=facts,
                    subject=shown.subject,
                    body=shown.body,
                    button=shown.button,
                    changed_by=row.changed_by if row else None,
                    changed_at=row.changed_at if row else None,
                    error=row.error if row else None,
                    broke_at=row.broke_at if row else None,
                )
            )
    return views


async def set_template(work: Work, shop_id: UUID, template: str, locale: str, new: NewWords) -> None:
    """Needs `notices.write`. Refuses with TemplateNotFound, with TemplateBroken when the sample cannot be filled in, and with OnTrial
    while a decision about it runs."""
    await _may_word(work, shop_id, template, locale, new)
    await refuse_on_trial(work, thing_of(template, locale), shop_id)
    values = {
        **new.model_dump(),
        "changed_by": work.actor.id,
        "changed_at": work.now,
        "error": None,
        "broke_at": None,
    }
    statement = (
        insert(NoticeTemplate)
        .values(id=work.new_id(), shop_id=shop_id, template=template, locale=locale, **values)
        .on_conflict_do_update(index_elements=["shop_id", "template", "locale"], set_=values)
        .returning(NoticeTemplate.id)
    )
    template_id = (await work.session.execute(statement)).scalar_one()
    work.record(
        TemplateSet(notice_template_id=template_id, shop_id=shop_id, template=template, locale=locale)
    )


async def remove_template(work: Work, shop_id: UUID, template: str, locale: str) -> None:
    """Back to the built-in words. Needs `notices.write`. Refuses with TemplateNotFound, OnTrial."""
    work.require("notices.write")
    await refuse_on_trial(work, thing_of(template, locale), shop_id)
    gone = (
        await work.session.execute(
            delete(NoticeTemplate)
            .where(
                NoticeTemplate.shop_id == shop_id,
                NoticeTemplate.template == template,
                NoticeTemplate.locale == locale,
            )
            .returning(NoticeTemplate.id)
        )
    ).scalar_one_or_none()
    if gone is None:
        raise TemplateNotFound(template=template, locale=locale)
    work.record(TemplateRemoved(notice_template_id=gone, shop_id=shop_id, template=template, locale=locale))


async def preview(
    work: Work, template: str, locale: str, new: NewWords | None, shop_id: UUID | None = None
) -> Preview:
    """The letter with a made-up claim in it; the built-in words when none are given. Needs `notices.read`. Refuses with
    TemplateNotFound or TemplateBroken."""
    work.require("notices.read")
    words = new.words if new else _known(template, locale)
    _known(template, locale)
    shop = (await identity.get_shop(work, shop_id)).name if shop_id else SAMPLE[locale]["shop"]
    filled = fill(words, {**SAMPLE[locale], "shop": shop})
    letter = render(
        filled, locale=locale, shop=shop, customer=SAMPLE[locale]["customer"], link="#", answerable=True
    )
    return Preview(subject=letter.subject, text=letter.text, html=letter.html, fields=list(FIELDS))


def thing_of(template: str, locale: str) -> str:
    """As what the words of a template in one language are tried; a variant is those words."""
    return f"template:{template}:{locale}"


async def _may_word(work: Work, shop_id: UUID, template: str, locale: str, new: NewWords) -> None:
    work.require("notices.write")
    _known(template, locale)
    await identity.get_shop(work, shop_id)
    fill(new.words, SAMPLE[locale])


async def _check_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    _, template, locale = thing.split(":")
    await _may_word(work, shop_id, template, locale, NewWords.model_validate(variant))


async def _adopt_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    _, template, locale = thing.split(":")
    await set_template(work, shop_id, template, locale, NewWords.model_validate(variant))


can_be_tried(Kind("template", frozenset({"customer", "case"}), _check_variant, _adopt_variant))


async def _on_trial(work: Work, notice: Notice, told: Told) -> Words | None:
    if notice.shop_id is None:
        return None
    who = Who(told.customer_id, notice.case_id)
    tried = await variant_for(work, notice.shop_id, thing_of(notice.template, told.locale), who)
    if tried is None:
        return None
    try:
        return fill(NewWords.model_validate(tried).words, told.fields)
    except TemplateBroken as broken:
        log.warning("words on trial broke", notice=str(notice.id), error=str(broken))
        return None


async def own_words(work: Work, notice: Notice, told: Told) -> Words:
    """The words on trial for this customer; else the shop's filled in; or, where it has none or they break, the built-in ones. A
    break is kept and stated."""
    tried = await _on_trial(work, notice, told)
    if tried is not None:
        return tried
    own = (
        await work.session.execute(
            select(NoticeTemplate).where(
                NoticeTemplate.shop_id == notice.shop_id,
                NoticeTemplate.template == notice.template,
                NoticeTemplate.locale == told.locale,
            )
        )
    ).scalar_one_or_none()
    if own is not None:
        try:
            return fill(Words(own.subject, own.body, own.button), told.fields)
        except TemplateBroken as broken:
            await work.session.execute(
                update(NoticeTemplate)
                .where(NoticeTemplate.id == own.id)
                .values(error=str(broken)[:500], broke_at=work.now)
            )
            work.record(
                TemplateBroke(
                    notice_template_id=own.id,
                    notice_id=notice.id,
                    shop_id=own.shop_id,
                    template=own.template,
                    locale=own.locale,
                )
            )
    return fill(built_in(notice.template, told.locale), told.fields)

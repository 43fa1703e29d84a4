"""The tables of notices, and the refusals that need only a row."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, status_type


class NoticeState(StrEnum):
    planned = "planned"
    sent = "sent"
    failed = "failed"
    bounced = "bounced"
    suppressed = "suppressed"
    """No e-mail address: in the portal only."""
    read = "read"
    """In the portal, after it was sent or suppressed; `read_at` tells of the others."""


class Notice(Base):
    """One thing that a customer is told because of one fact. The words are written at the first sending and kept, so that
    what is sent again, and what the portal shows, is what was said. `customer_id` is found then too, if the fact does not
    name it; a letter to somebody unknown (an entry code) has none and is not in the portal."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("position", "template", name="a_fact_is_told_once_with_each_template"),
        CheckConstraint("state <> 'sent' OR sent_at IS NOT NULL", name="a_sent_notice_says_when"),
        CheckConstraint("state <> 'read' OR read_at IS NOT NULL", name="a_read_notice_says_when"),
        Index("notice_customer_idx", "customer_id", "planned_at", "id"),
        Index("notice_shop_idx", "shop_id", "planned_at", "id"),
        Index("notice_claim_idx", "claim_id"),
        Index("notice_due_idx", "next_at", postgresql_where=text("state = 'planned'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    claim_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    position: Mapped[int] = mapped_column(BigInteger)
    """Of the fact in the journal."""
    fact: Mapped[str]
    data: Mapped[dict[str, Any]]
    """What the fact said: ids, codes, amounts."""
    template: Mapped[str]
    state: Mapped[NoticeState] = mapped_column(
        status_type(NoticeState, "a_notice_is_in_a_known_state"), server_default="planned"
    )
    locale: Mapped[str | None]
    address: Mapped[str | None]
    addressee: Mapped[str | None]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    button: Mapped[str | None]
    message_id: Mapped[str | None] = mapped_column(unique=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime]
    """When it is tried next; while one attempt runs, when another may begin."""
    error: Mapped[str | None]
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class NoticeTemplate(Base):
    """A shop's own words for a template in one language."""

    __tablename__ = "notice_template"
    __table_args__ = (
        UniqueConstraint("shop_id", "template", "locale", name="a_shop_words_a_template_once_per_language"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    template: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    button: Mapped[str]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
    error: Mapped[str | None]
    """Why the words could not be filled in last time."""
    broke_at: Mapped[datetime | None]


class NoticeNotFound(NotFound):
    """There is no such notice, or it is not yours to see."""


class TemplateNotFound(NotFound):
    """There is no such template."""


class TemplateBroken(Invalid):
    """These words cannot be filled in."""


class NoticeUnderWay(Refusal):
    """This notice is being sent already."""

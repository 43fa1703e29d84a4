"""The tables of webhooks, and the refusals that need only a row."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, Xid8, status_type


class WebhookState(StrEnum):
    on = "on"
    off = "off"
    """Somebody switched it off."""
    gave_up = "gave_up"
    """It failed for days, or said that it is gone."""


class Webhook(Base):
    """An address that is told what happens in one shop, or, without a shop, in all of them. `facts` are names, or patterns
    such as `claim.*`; `grants` are the personal details that may be told beside the ids."""

    __tablename__ = "webhook"
    __table_args__ = (
        Index("webhook_shop_idx", "shop_id"),
        CheckConstraint("jsonb_array_length(facts) > 0", name="a_webhook_is_told_something"),
        CheckConstraint("(state = 'on') = (off_at IS NULL)", name="a_webhook_that_is_off_says_since_when"),
        CheckConstraint(
            "(old_secret IS NULL) = (old_secret_until IS NULL)", name="an_old_secret_of_a_webhook_ends"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str]
    url: Mapped[str]
    facts: Mapped[list[str]]
    grants: Mapped[list[str]] = mapped_column(server_default=text("'[]'::jsonb"))
    state: Mapped[WebhookState] = mapped_column(
        status_type(WebhookState, "a_webhook_is_in_a_known_state"), server_default="on"
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    told_since: Mapped[datetime]
    """Facts before are not told unless somebody asks for them."""
    off_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    """One after the other, without a success between them."""
    failing_since: Mapped[datetime | None]
    next_at: Mapped[datetime]
    """Before that nothing is sent: an address that fails again and again is left in peace for a while."""
    last_success_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


class PostState(StrEnum):
    waiting = "waiting"
    delivered = "delivered"
    dropped = "dropped"
    """Refused for days although others of the same webhook arrived; what waited behind it went on."""


class WebhookPost(Base):
    """One fact on its way to one address. Its id follows from both, so that what is sent again, or asked for again months
    later, is known by it. Posts of one subject (`lane`) are sent one after the other."""

    __tablename__ = "webhook_post"
    __table_args__ = (
        UniqueConstraint("webhook_id", "position", name="a_fact_is_told_to_a_webhook_once"),
        CheckConstraint(
            "(state = 'delivered') = (delivered_at IS NOT NULL)", name="a_delivered_post_says_when"
        ),
        Index(
            "webhook_post_waiting_idx",
            "webhook_id",
            "transaction",
            "position",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "webhook_post_lane_idx",
            "webhook_id",
            "lane",
            "transaction",
            "position",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("webhook_post_log_idx", "webhook_id", "at", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    shop_id: Mapped[UUID | None]
    """The webhook's."""
    position: Mapped[int | None] = mapped_column(BigInteger)
    """Of the fact in the journal; a test has none."""
    transaction: Mapped[int | None] = mapped_column(Xid8)
    at: Mapped[datetime]
    """Of the fact."""
    fact: Mapped[str]
    lane: Mapped[UUID]
    state: Mapped[PostState] = mapped_column(
        status_type(PostState, "a_post_waits_or_is_delivered_or_dropped"), server_default="waiting"
    )
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime]
    """When it is tried next; while one attempt runs, when another may begin."""
    status: Mapped[int | None]
    """Of the last HTTP answer."""
    error: Mapped[str | None]
    took_ms: Mapped[int | None]
    delivered_at: Mapped[datetime | None]
    tries: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    """The latest attempts: when, what was answered, how long it took."""


class WebhookNotFound(NotFound):
    """There is no such webhook, or it is not yours to see."""


class WebhookAddressNotPossible(Invalid):
    """Webhooks go to https addresses of the open internet, without a name and password in them."""


class WebhookFactUnknown(Invalid):
    """No fact that can be shared has this name or fits this pattern."""


class WebhookGrantUnknown(Invalid):
    """These details cannot be granted."""


class WebhookIsOff(Refusal):
    """This webhook is switched off; switch it on first."""


class SharedFactsMarkUnreadable(Invalid):
    """This is no place in the journal; leave `after` out to begin at its beginning."""

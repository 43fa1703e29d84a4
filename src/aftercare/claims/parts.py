"""What a claim consists of: its lines, and what was shown for and against it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from aftercare import conversations
from aftercare.claims.circumstances import Reason
from aftercare.claims.model import Claim, ClaimLine, Evidence
from aftercare.claims.states import ClaimKind
from aftercare.journal import ActorKind, Work

EVIDENCE_KINDS = {"image": "photo", "video": "video"}


async def lines_of(work: Work, claim_id: UUID) -> list[ClaimLine]:
    new = [row for row in work.session.new if isinstance(row, ClaimLine) and row.claim_id == claim_id]
    if new:  # all of them: a claim is written with its lines
        return sorted(new, key=lambda row: row.order_line_id)
    rows = await work.session.execute(
        select(ClaimLine).where(ClaimLine.claim_id == claim_id).order_by(ClaimLine.order_line_id)
    )
    return list(rows.scalars())


def counts_units(kind: ClaimKind) -> bool:
    """A compensation or a part of the price takes no unit out of the line's account."""
    return kind is not ClaimKind.compensation


def is_for_fallen_price(kind: ClaimKind, reason: str) -> bool:
    """Price protection: what is due is what the goods cost less by now."""
    return kind is ClaimKind.compensation and reason == Reason.price_dropped


async def put_evidence(work: Work, claim: Claim, file_ids: Sequence[UUID], words: str) -> None:
    side = "customer" if work.actor.kind is ActorKind.customer else "shop"
    for file in await files_given(work, file_ids):
        if file.shop_id != claim.shop_id:
            raise conversations.FileNotFound(file_id=file.id)
    given: list[UUID | None] = [*file_ids] or ([None] if words else [])
    work.session.add_all(
        Evidence(
            id=work.new_id(),
            shop_id=claim.shop_id,
            claim_id=claim.id,
            file_id=file_id,
            side=side,
            words=words,
            added_by=work.actor.id,
            added_at=work.now,
        )
        for file_id in given
    )
    if file_ids:
        await conversations.show_files(work, file_ids)


async def files_given(work: Work, file_ids: Sequence[UUID]) -> list[conversations.FileView]:
    """The files, each of which the actor must be able to see."""
    found = await conversations.files(work, file_ids)
    return [found[file_id] for file_id in file_ids]


async def files_shown(work: Work, claim_id: UUID) -> list[UUID]:
    """What the customer has shown so far, oldest first."""
    rows = await work.session.scalars(
        select(Evidence.file_id)
        .where(Evidence.claim_id == claim_id, Evidence.side == "customer", Evidence.file_id.is_not(None))
        .order_by(Evidence.added_at, Evidence.id)
    )
    return [file_id for file_id in rows if file_id is not None]

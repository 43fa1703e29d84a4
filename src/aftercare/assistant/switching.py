"""Where the assistant answers by itself."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.assistant.events import AssistantSwitched
from aftercare.assistant.model import Switch
from aftercare.conversations import Channel
from aftercare.journal import Work

SURE = 0.5
BY_ITSELF = (Channel.portal, Channel.chat)


async def switch(
    work: Work,
    shop_id: UUID,
    *,
    active: bool,
    channels: list[Channel] | None = None,
    language_model: bool = False,
    sure: float = SURE,
) -> None:
    """From now on it answers customers of this shop on these channels, or no more; `sure`: from which probability on it acts on
    what it understood, between 0.3 and 0.95. Needs `policies.write`."""
    work.require("policies.write")
    await identity.get_shop(work, shop_id)
    named = sorted({channel.value for channel in (BY_ITSELF if channels is None else channels)})
    row = {
        "shop_id": shop_id,
        "active": active,
        "channels": named,
        "language_model": language_model,
        "sure": min(max(sure, 0.3), 0.95),
        "changed_at": work.now,
        "changed_by": work.actor.id,
    }
    await work.session.execute(
        insert(Switch)
        .values(row)
        .on_conflict_do_update(
            index_elements=["shop_id"], set_={name: value for name, value in row.items() if name != "shop_id"}
        )
    )
    work.record(AssistantSwitched(shop_id=shop_id, active=active, channels=named))

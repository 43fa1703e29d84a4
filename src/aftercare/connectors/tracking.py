"""Where parcels are: whom this installation asks, and whose pushes it reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aftercare.connectors.generic_tracking import Pushes
from aftercare.connectors.kuaidi100 import Kuaidi100Query
from aftercare.settings import Tracking

SECONDS_TO_ANSWER = 15


def tracking_pushes(settings: Tracking) -> Pushes:
    """Implements `logistics.TrackingPushes`."""
    salt, secret = settings.kuaidi100_salt, settings.push_secret
    return Pushes(
        kuaidi100_salt=salt.get_secret_value() if salt else None,
        secret=secret.get_secret_value() if secret else None,
    )


@asynccontextmanager
async def tracking_source(settings: Tracking) -> AsyncIterator[Kuaidi100Query | None]:
    """Implements `logistics.TrackingSource`; None where nobody can be asked."""
    key, customer = settings.kuaidi100_key, settings.kuaidi100_customer
    if key is None or customer is None:
        yield None
        return
    import httpx  # loaded where somebody is asked

    async with httpx.AsyncClient(timeout=SECONDS_TO_ANSWER) as client:
        yield Kuaidi100Query(client, key=key.get_secret_value(), customer=customer)

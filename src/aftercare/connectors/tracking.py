"""Where parcels are: whom this installation asks, whom it tells what to watch, and whose pushes it reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog

from aftercare.connectors.generic_tracking import Pushes
from aftercare.connectors.kuaidi100 import Kuaidi100Query, Kuaidi100Subscriptions
from aftercare.connectors.webhooks import inner_host
from aftercare.settings import Tracking

log = structlog.get_logger()

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

    async with httpx.AsyncClient(base_url=settings.kuaidi100_api, timeout=SECONDS_TO_ANSWER) as client:
        yield Kuaidi100Query(client, key=key.get_secret_value(), customer=customer)


@asynccontextmanager
async def tracking_subscriptions(
    settings: Tracking, base_url: str
) -> AsyncIterator[Kuaidi100Subscriptions | None]:
    """Implements `logistics.TrackingSubscriptions`; None without a key and a salt, and where no push could reach us."""
    key, salt = settings.kuaidi100_key, settings.kuaidi100_salt
    if key is None or salt is None:
        yield None
        return
    if inner_host(urlsplit(base_url).hostname or ""):
        log.warning("numbers are not told to Kuaidi100: its pushes do not reach", base_url=base_url)
        yield None
        return
    import httpx  # loaded where somebody is asked

    async with httpx.AsyncClient(base_url=settings.kuaidi100_api, timeout=SECONDS_TO_ANSWER) as client:
        yield Kuaidi100Subscriptions(
            client,
            key=key.get_secret_value(),
            salt=salt.get_secret_value(),
            callbacks=f"{base_url.rstrip('/')}/api/webhooks/kuaidi100/",
        )

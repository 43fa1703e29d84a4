"""One request is one Work: `InWork` commits before the answer is sent, so a failing commit is a 500 and not a lie."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from aftercare.journal.actors import NOBODY, Actor
from aftercare.journal.work import House, Work, begin


def house_of(request: Request) -> House:
    return request.app.state.house  # type: ignore[no-any-return]


def actor_of(request: Request) -> Actor:
    """Who asks; put there by the sign-in layer. Somebody unknown is NOBODY, who sees no shop."""
    return getattr(request.state, "actor", NOBODY)


async def open_work(request: Request) -> AsyncIterator[Work]:
    async with begin(
        house_of(request), actor_of(request), request_id=getattr(request.state, "request_id", None)
    ) as work:
        yield work


InWork = Annotated[Work, Depends(open_work, scope="function")]
"""The Work of this request. The function scope makes the commit happen before the answer is sent."""
InHouse = Annotated[House, Depends(house_of)]
ByActor = Annotated[Actor, Depends(actor_of)]

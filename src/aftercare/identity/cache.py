"""Who is signed in, remembered for a few seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aftercare.journal import Actor, Memory, Work


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who has shown a session's cookie or a token. `name` is for greeting: the account's, the customer's contact or
    the token's."""

    actor: Actor
    name: str
    contact: str | None
    totp: bool
    account_id: UUID | None
    session_id: UUID | None
    api_token_id: UUID | None
    good_until: datetime


who: Memory[Signed] = Memory()


def forget_who(work: Work, unwanted: Callable[[Signed], bool]) -> None:
    """Whoever is signed in and meant by it is looked up anew with the next request."""
    who.forget_with(work, lambda _, signed: unwanted(signed))

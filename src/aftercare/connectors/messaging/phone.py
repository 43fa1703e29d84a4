"""Calls of any telephone exchange, in the documented form: signed as the generic channel is, one event a request.

Address: the number that is called. Settings: `agents` (e-mail: telephone or extension of each of our people). Secret: `key`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from aftercare.connectors.messaging.generic import fields_of, read_json, verified
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.shapes import (
    Asked,
    Event,
    GoneForGood,
    Media,
    PushUnreadable,
    Taken,
    Told,
)
from aftercare.conversations import Account, CallEvent, CallHappening, Channel, Direction


class PushedCall(BaseModel):
    """`call` names the call in all its events; `number` is the one outside; `agent` an e-mail, or a telephone that the account lists."""

    type: Literal["call"]
    call: Annotated[str, Field(min_length=1, max_length=200)]
    event: CallHappening
    direction: Direction = Direction.inbound
    number: Annotated[str, Field(max_length=60)] = ""
    agent: Annotated[str, Field(max_length=254)] = ""
    at: AwareDatetime
    url: Annotated[str, Field(max_length=1_000, pattern=r"^https?://")] | None = None
    words: Annotated[str, Field(max_length=20_000)] = ""


class PhoneForm:
    name: ClassVar[str] = "phone"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.phone})

    def take(self, account: Account, asked: Asked) -> Taken:
        event_id = verified(account, asked)
        call = self._call(asked.body)
        return Taken([Event(asked.body, event_id, call.call)], None)

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        call = self._call(body)
        return CallEvent(
            external_id=call.call,
            happening=call.event,
            direction=call.direction,
            them=call.number,
            at=call.at,
            agent=call.agent,
            link=call.url,
            words=call.words,
        )

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        raise GoneForGood("recordings stay with the exchange")

    def _call(self, body: bytes) -> PushedCall:
        try:
            return PushedCall.model_validate(read_json(body))
        except ValidationError as broken:
            raise PushUnreadable(fields=fields_of(broken)) from broken

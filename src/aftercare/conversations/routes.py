"""Files handed out to who may see them; channel accounts; contacts and whose they are."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field

from aftercare.conversations import accounts, answer_texts, contacts, sending
from aftercare.conversations.accounts import AccountChange, ChannelAccountView, NewAccount
from aftercare.conversations.answer_texts import AnswerTemplateView, NewAnswerTemplate, NewPhrase, PhraseView
from aftercare.conversations.contacts import ContactView, LikelyCustomer
from aftercare.conversations.model import Channel, Verified
from aftercare.conversations.ports import ChannelChecks, Checked
from aftercare.conversations.verbs import open_file
from aftercare.journal import begin
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.files import Files, asked_range, serving_headers
from aftercare.kit.text import one_line

router = APIRouter(tags=["conversations"])


@router.get("/files/{file_id}", response_class=StreamingResponse)
async def read_upload(
    house: InHouse,
    actor: ByActor,
    file_id: UUID,
    asked: Annotated[str | None, Header(alias="Range")] = None,
) -> StreamingResponse:
    """The content of an upload, whole or the range asked for."""
    async with begin(house, actor) as work:
        file = await open_file(work, file_id)
    part = asked_range(asked, file.bytes)
    start, end = part or (0, file.bytes)
    headers = serving_headers(file.name, file.media_type) | {"Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.bytes}"
    pieces = await house.port(Files).read(file.key, start, end)
    return StreamingResponse(pieces, 206 if part else 200, headers)


Name = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
SecretName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Secrets = dict[SecretName, Annotated[str, Field(max_length=8_000)]]


class AccountAdding(BaseModel):
    """`secrets` are kept sealed and never shown again."""

    shop_id: UUID
    kind: Channel
    name: Name
    address: Annotated[str, Field(min_length=1, max_length=254)]
    settings: dict[str, Any] = {}
    secrets: Secrets = {}


class AccountChanging(BaseModel):
    """What is left out stays. Secrets are replaced one by one; an empty one is forgotten."""

    name: Name | None = None
    address: Annotated[str, Field(min_length=1, max_length=254)] | None = None
    settings: dict[str, Any] | None = None
    secrets: Secrets | None = None
    active: bool | None = None


class Joining(BaseModel):
    customer_id: UUID


@router.get("/channels", tags=["channels"])
async def list_channels(work: InWork, shop_id: UUID | None = None) -> list[ChannelAccountView]:
    """The shop's channel accounts. Needs `shops.write`."""
    return await accounts.list_accounts(work, shop_id)


@router.post("/channels", status_code=201, tags=["channels"])
async def add_channel(work: InWork, new: AccountAdding) -> ChannelAccountView:
    """Needs `shops.write`."""
    return await accounts.add_account(work, NewAccount(**new.model_dump()))


@router.get("/channels/{account_id}", tags=["channels"])
async def read_channel(work: InWork, account_id: UUID) -> ChannelAccountView:
    """Needs `shops.write`."""
    return await accounts.read_account(work, account_id)


@router.patch("/channels/{account_id}", tags=["channels"])
async def change_channel(work: InWork, account_id: UUID, change: AccountChanging) -> ChannelAccountView:
    """Needs `shops.write`."""
    return await accounts.change_account(work, account_id, AccountChange(**change.model_dump()))


@router.post("/channels/{account_id}/check", tags=["channels"])
async def check_channel(house: InHouse, actor: ByActor, account_id: UUID) -> Checked:
    """Signs in at the mail servers, or tells what is missing; nothing is read, sent or changed. Needs `shops.write`."""
    async with begin(house, actor) as work:
        await accounts.read_account(work, account_id)
    checks: ChannelChecks = house.port(ChannelChecks)
    return await checks.check(house, account_id)


@router.get("/contacts", tags=["contacts"])
async def list_contacts(work: InWork, customer_id: UUID) -> list[ContactView]:
    """The ways to reach a customer. Needs `cases.read`."""
    return await contacts.contacts_of(work, customer_id)


@router.get("/contacts/{contact_id}", tags=["contacts"])
async def read_contact(work: InWork, contact_id: UUID) -> ContactView:
    return await contacts.get_contact(work, contact_id)


@router.get("/contacts/{contact_id}/likely", tags=["contacts"])
async def list_likely_customers(work: InWork, contact_id: UUID) -> list[LikelyCustomer]:
    """Customers on file with the same address. Needs `cases.read`."""
    return await contacts.likely_customers(work, contact_id)


@router.post("/contacts/{contact_id}/join", tags=["contacts"])
async def join_by_hand(work: InWork, contact_id: UUID, joining: Joining) -> ContactView:
    """The contact is this customer's. Needs `cases.write`."""
    return await contacts.join_contact(work, contact_id, joining.customer_id, Verified.hand)


@router.post("/contacts/{contact_id}/split", tags=["contacts"])
async def split_by_hand(work: InWork, contact_id: UUID) -> ContactView:
    """Takes a joining back. Needs `cases.write`."""
    return await contacts.split_contact(work, contact_id)


@router.post("/messages/{message_id}/send-again", status_code=204, tags=["conversations"])
async def send_message_again(work: InWork, message_id: UUID) -> None:
    """One that could not be delivered. Needs `conversations.write`."""
    await sending.send_again(work, message_id)


@router.get("/answer-templates", tags=["answers"])
async def list_answer_templates(
    work: InWork, shop_id: UUID | None = None, q: Annotated[str, Query(max_length=100)] = ""
) -> list[AnswerTemplateView]:
    """The shop's answer texts, what is used most first."""
    return await answer_texts.answer_templates(work, shop_id, q)


@router.post("/answer-templates", status_code=201, tags=["answers"])
async def add_answer_template(work: InWork, shop_id: UUID, new: NewAnswerTemplate) -> AnswerTemplateView:
    """Needs `notices.write`."""
    return await answer_texts.set_answer_template(work, shop_id, new)


@router.put("/answer-templates/{template_id}", tags=["answers"])
async def change_answer_template(
    work: InWork, template_id: UUID, shop_id: UUID, new: NewAnswerTemplate
) -> AnswerTemplateView:
    """Needs `notices.write`."""
    return await answer_texts.set_answer_template(work, shop_id, new, template_id)


@router.delete("/answer-templates/{template_id}", status_code=204, tags=["answers"])
async def remove_answer_template(work: InWork, template_id: UUID) -> None:
    """Needs `notices.write`."""
    await answer_texts.remove_answer_template(work, template_id)


@router.get("/phrases", tags=["answers"])
async def list_phrases(work: InWork, shop_id: UUID) -> Sequence[PhraseView]:
    """What answers should not say: the shop's own and what holds everywhere. Needs `notices.read`."""
    return await answer_texts.list_phrases(work, shop_id)


@router.put("/phrases", tags=["answers"])
async def forbid_phrase(work: InWork, shop_id: UUID, new: NewPhrase) -> PhraseView:
    """Needs `notices.write`."""
    return await answer_texts.forbid_phrase(work, shop_id, new)


@router.delete("/phrases/{phrase_id}", status_code=204, tags=["answers"])
async def allow_phrase(work: InWork, phrase_id: UUID) -> None:
    """Needs `notices.write`."""
    await answer_texts.allow_phrase(work, phrase_id)

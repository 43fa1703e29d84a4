"""A customer on every channel is erased: nothing of name, contacts and words is left in any table, and what must stay stays."""

import base64
import io
import json
import tomllib
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from sqlalchemy import String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.types import LargeBinary, TypeEngine

from aftercare import assistant, cases, claims, privacy, shop
from aftercare.cases import NewCase, NewPlanned
from aftercare.cases.calls.verbs import note_call_in_case
from aftercare.cases.solutions import SolvedAs
from aftercare.claims import Reason
from aftercare.conversations import (
    CallEvent,
    CallHappening,
    Channel,
    Direction,
    MessageKind,
    Verified,
    contact_of,
    join_contact,
    keep_draft,
    note_call,
    store_file,
)
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin, drain
from aftercare.kit.errors import NotFound
from aftercare.kit.files import Files
from aftercare.kit.tables import Base
from aftercare.privacy import MattersOpen, erase_customer, erasure_of, export_customer
from aftercare.privacy.catalogue import CATALOGUE, SHARED
from aftercare.shop import CustomerRecord
from tests.assistant.test_in_chat import begun, says, shows_who
from tests.connectors.messaging.given import PNG
from tests.connectors.messaging.test_generic import knock
from tests.connectors.messaging.test_generic import shop as webhook_shop
from tests.conversations.given import an_account, comes
from tests.given import AGENT, Bought, a_claim, a_shop, an_order, staff

NAME, PHONE, DIGITS, EMAIL = "欧阳晴岚", "+8613912345678", "13912345678", "ouyang.ql@mail.example"
OFFICER = AGENT | {"customers.privacy"}
ADDRESSES = {
    Channel.email: EMAIL,
    Channel.sms: PHONE,
    Channel.wechat: "oOuyangOpenid",
    Channel.wecom: "wmOuyangWecom",
    Channel.whatsapp: PHONE,
    Channel.telegram: "7712345678",
    Channel.webhook: "crm-ouyang-7",
}


def word(of: str) -> str:
    """A word that is said nowhere else."""
    return f"zq{of}xv"


@dataclass
class Known:
    bought: Bought
    agent: Actor
    words: list[str] = field(default_factory=list)

    def said(self, of: str) -> str:
        self.words.append(word(of))
        return f"{NAME}，{word(of)}，电话 {DIGITS}"


async def _bytes(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def a_customer_everywhere(house: House, tmp_path: Path) -> Known:
    house.ports = {**house.ports, Files: Files(str(tmp_path / "files"))}
    of = await a_shop(house)
    bought = await an_order(house, of, customer="ouyang")
    async with begin(house) as work:
        await shop.take_in(
            work,
            customers=[
                CustomerRecord(
                    of.id,
                    "ouyang",
                    NAME,
                    email=EMAIL,
                    phone=PHONE,
                    tier="gold",
                    address={"country": "CN", "line": f"{word('street')} 8 号"},
                )
            ],
        )
        await assistant.switch(work, of.id, active=True)
    known = Known(bought, staff(of, OFFICER), [word("street")])
    visitor = await begun(house, of)
    await says(house, visitor, f"净水器滤芯多久换一次 {word('visitor')}")
    await shows_who(house, visitor, bought)
    await says(house, visitor, known.said("chat"))
    for channel, address in ADDRESSES.items():
        account = await an_account(
            house,
            of.id,
            channel,
            f"{channel.value}@x.example" if channel is Channel.email else f"h_{channel.value}",
        )
        async with begin(house) as work:
            contact = await contact_of(work, shop_id=of.id, channel=channel, address=address, name=NAME)
            await join_contact(work, contact.id, bought.customer_id, Verified.order_contact)
        got = await comes(
            house,
            account,
            address,
            known.said(channel.value),
            name=NAME,
            subject=known.said(f"subject{channel.value}"),
            html=f"<p>{known.said(f'html{channel.value}')}</p>",
            external_id=f"<{EMAIL}-{channel.value}>",
        )
        assert got.case_id is not None
        case_id = got.case_id
    await drain(house)
    await _by_staff(house, known, case_id)
    await _a_call(house, known)
    await _a_claim(house, known)
    await drain(house)
    return known


async def _by_staff(house: House, known: Known, case_id: UUID) -> None:
    async with begin(house) as work:
        case = await cases.get_case(work, case_id)
        account_id = uuid4()
        await work.session.execute(
            text(
                "INSERT INTO account (id, email, name, locale, created_at) VALUES (:id, 'mei@x.example', 'Mei', 'zh-CN', :now)"
            ),
            {"id": account_id, "now": work.now},
        )
    actor = Actor(
        ActorKind.staff, account_id, frozenset({case.shop_id}), known.agent.permissions, role="agent"
    )
    async with begin(house, actor) as work:
        await cases.say(work, case_id, known.said("answer"))
        await cases.write_note(work, case_id, known.said("note"))
        await keep_draft(work, case.thread_id, known.said("draft"), MessageKind.message)
        await cases.set_tags(work, case_id, [word("tag"), NAME])
        await cases.plan_message(
            work, case_id, NewPlanned(body=known.said("planned"), send_at=work.now.replace(hour=20))
        )
        how = SolvedAs(problem=known.said("problem"), remedy="换一个接头")
        await cases.solve_as(work, case_id, how)
    known.words.append(word("tag"))
    # A solution is the house's knowledge: its words stay, whom it names does not.
    known.words.remove(word("problem"))


async def _a_call(house: House, known: Known) -> None:
    account = await an_account(house, known.bought.shop.id, Channel.phone, "+862155550101")
    for happening in (
        CallHappening.ringing,
        CallHappening.answered,
        CallHappening.ended,
        CallHappening.recording,
    ):
        async with begin(house) as work:
            call_id = await note_call(
                work,
                account,
                CallEvent(
                    external_id="call-1",
                    happening=happening,
                    direction=Direction.inbound,
                    them=PHONE,
                    at=work.now,
                    link=f"https://rec.example/{word('recording')}"
                    if happening is CallHappening.recording
                    else None,
                ),
            )
    async with begin(house) as work:
        contact_id = await work.session.scalar(
            text("SELECT contact_id FROM call WHERE id = :id"), {"id": call_id}
        )
        await join_contact(work, contact_id, known.bought.customer_id, Verified.order_contact)
    async with begin(house, known.agent) as work:
        await note_call_in_case(work, call_id, known.said("callnote"))
    known.words.append(word("recording"))


async def _a_claim(house: House, known: Known) -> None:
    bought = known.bought
    async with begin(house, bought.buyer) as work:
        photo = await store_file(
            house,
            bought.buyer,
            _bytes(PNG),
            name=f"{word('photo')}.png",
            shop_id=bought.shop.id,
            customer_id=bought.customer_id,
        )
    known.words.append(word("photo"))
    async with begin(house, bought.buyer) as work:
        case = await cases.open_case(
            work,
            NewCase(
                shop_id=bought.shop.id,
                customer_id=bought.customer_id,
                title=known.said("title"),
                body=known.said("portal"),
                file_ids=[photo.id],
            ),
        )
    claim = await a_claim(
        house,
        bought,
        claims.ClaimKind.return_refund,
        Reason.defective,
        description=known.said("description"),
        file_ids=[photo.id],
    )
    assert case.id != claim.case_id


async def left(house: House, *needles: str) -> list[tuple[str, str]]:
    """Where any of them is still found: in every column of every table, bytes included."""
    found = []
    async with begin(house) as work:
        for table in Base.metadata.sorted_tables:
            rows = await work.session.execute(
                text(
                    f"SELECT n.needle FROM unnest(CAST(:needles AS text[])) AS n(needle)"
                    f" WHERE EXISTS (SELECT FROM {table.name} t WHERE strpos(lower(CAST(t AS text)), lower(n.needle)) > 0)"
                ),
                {"needles": list(needles)},
            )
            found += [(table.name, row.needle) for row in rows]
            for column in table.columns:
                if isinstance(column.type, LargeBinary):
                    rows = await work.session.execute(
                        text(
                            "SELECT n.needle FROM unnest(CAST(:needles AS text[])) AS n(needle) WHERE EXISTS (SELECT FROM"
                            f" {table.name} t WHERE position(convert_to(n.needle, 'UTF8') in t.{column.name}) > 0)"
                        ),
                        {"needles": list(needles)},
                    )
                    found += [(f"{table.name}.{column.name}", row.needle) for row in rows]
    return sorted(found)


async def end_matters(house: House, known: Known) -> None:
    async with begin(house, known.bought.buyer) as work:
        ids = await work.session.scalars(text("SELECT id FROM claim WHERE ended_at IS NULL"))
        for claim_id in ids.all():
            await claims.cancel(work, claim_id)
    await drain(house)


async def test_nothing_that_tells_of_the_customer_is_left_anywhere(house: House, tmp_path: Path) -> None:
    known = await a_customer_everywhere(house, tmp_path)
    needles = [NAME, DIGITS, EMAIL, *(ADDRESSES.values()), *known.words]
    before = {table for table, _ in await left(house, *needles)}
    assert {
        "assistant_turn", "call", "case_words", "claim", "contact", "customer", "draft", "file", "message",
        "message_sending", "notice", "planned_message", "sales_order", "service_case", "session", "solution",
    } <= before  # fmt: skip
    with pytest.raises(MattersOpen) as refused:
        async with begin(house, known.agent) as work:
            await erase_customer(work, known.bought.customer_id)
    assert refused.value.data["claims"]
    await end_matters(house, known)

    async with begin(house, known.agent) as work:
        erased = await erase_customer(work, known.bought.customer_id)
    assert erased.files == 1
    assert erased.rows["message"] >= 16
    await drain(house)
    assert await left(house, *needles) == []
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_what_the_books_need_stays_and_the_fact_is_told(house: House, tmp_path: Path) -> None:
    known = await a_customer_everywhere(house, tmp_path)
    await end_matters(house, known)
    kept = text(
        "SELECT (SELECT jsonb_agg(jsonb_build_array(number, status, paid_cents, placed_at)) FROM sales_order),"
        " (SELECT jsonb_agg(jsonb_build_array(method, amount_cents, paid_at)) FROM payment),"
        " (SELECT jsonb_agg(jsonb_build_array(number, kind, state, reason, requested_cents)) FROM claim),"
        " (SELECT jsonb_agg(jsonb_build_array(title, quantity, paid_cents)) FROM order_line),"
        " (SELECT count(*) FROM message), (SELECT count(*) FROM fact WHERE name NOT LIKE 'case.%')"
    )
    async with begin(house) as work:
        before = tuple((await work.session.execute(kept)).one())
    async with begin(house, known.agent) as work:
        await erase_customer(work, known.bought.customer_id)
        assert (await erasure_of(work, known.bought.customer_id)) is not None
    async with begin(house) as work:
        after = tuple((await work.session.execute(kept)).one())
        facts = (
            (await work.session.execute(text("SELECT data FROM fact WHERE name = 'customer.erased'")))
            .scalars()
            .all()
        )
        closed = set(await work.session.scalars(text("SELECT status FROM service_case")))
        assert (await shop.customer_view(work, known.bought.customer_id)).customer.name == ""
    assert after[:5] == before[:5]
    assert [data["customer_id"] for data in facts] == [str(known.bought.customer_id)]
    assert closed == {"closed"}


async def test_an_import_does_not_bring_back_what_was_erased(house: House, tmp_path: Path) -> None:
    known = await a_customer_everywhere(house, tmp_path)
    await end_matters(house, known)
    async with begin(house, known.agent) as work:
        await erase_customer(work, known.bought.customer_id)
    await drain(house)
    async with begin(house) as work:
        await shop.take_in(
            work,
            customers=[CustomerRecord(known.bought.shop.id, "ouyang", NAME, email=EMAIL, phone=PHONE)],
        )
    assert await left(house, NAME, DIGITS, EMAIL) == []


async def test_who_may_not_erase_is_refused_and_twice_is_harmless(house: House, tmp_path: Path) -> None:
    house.ports = {**house.ports, Files: Files(str(tmp_path / "files"))}
    of = await a_shop(house)
    bought = await an_order(house, of)
    with pytest.raises(PermissionMissing):
        async with begin(house, staff(of, AGENT)) as work:
            await erase_customer(work, bought.customer_id)
    other = await a_shop(house)
    with pytest.raises(NotFound):
        async with begin(house, staff(other, OFFICER)) as work:
            await erase_customer(work, bought.customer_id)
    for _ in range(2):
        async with begin(house, staff(of, OFFICER)) as work:
            await erase_customer(work, bought.customer_id)
        await drain(house)
    async with begin(house) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM customer_erasure")) == 1


async def test_what_a_vendor_pushed_goes_with_it(house: House, tmp_path: Path) -> None:
    here = await webhook_shop(house, tmp_path)
    told = {"type": "message", "id": "m-1", "from": "crm-ouyang-7", "name": NAME, "body": word("pushed")}
    await here.hears(knock(told | {"files": [{"name": "p.png", "data": base64.b64encode(PNG).decode()}]}))
    await drain(house)
    async with begin(house) as work:
        contact = await contact_of(
            work, shop_id=here.world.shop_id, channel=Channel.webhook, address="crm-ouyang-7"
        )
        await join_contact(work, contact.id, here.world.customer_id, Verified.hand)
    assert ("channel_push.body", word("pushed")) in await left(house, word("pushed"))
    async with begin(house) as work:
        await erase_customer(work, here.world.customer_id)
    await drain(house)
    assert await left(house, word("pushed"), "王晓梅", "13800138000", "crm-ouyang-7") == []


async def test_the_customer_gets_all_that_is_held_in_one_file(house: House, tmp_path: Path) -> None:
    known = await a_customer_everywhere(house, tmp_path)
    neighbour = await an_order(house, known.bought.shop)
    await store_file(
        house,
        neighbour.buyer,
        _bytes(PNG),
        name="neighbour.png",
        shop_id=known.bought.shop.id,
        customer_id=neighbour.customer_id,
    )
    for actor in (known.bought.buyer, known.agent):
        pieces = [piece async for piece in await export_customer(house, actor, [known.bought.customer_id])]
        with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as packed:
            names = packed.namelist()
            data = json.loads(packed.read(f"{known.bought.shop.code}/data.json"))
            (photo,) = [name for name in names if "/files/" in name]
            assert packed.read(photo) == PNG
            page = packed.read("index.html").decode()
        assert data["customer"][0]["name"] == NAME
        assert [order["number"] for order in data["sales_order"]] == [known.bought.number]
        assert [one["name"] for one in data["file"]] == [f"{word('photo')}.png"]
        said = json.dumps(data, ensure_ascii=False)
        assert all(
            word(one) in said for one in ("email", "telegram", "chat", "answer", "portal", "description")
        )
        # A page says the same to people, in their language, with the photo beside its name.
        assert f'<img src="{quote(photo)}" alt="">' in page
        assert all(
            one in page for one in ("我的个人资料", "买过的商品", NAME, known.bought.number, "299.00 CNY")
        )
        assert all(
            word(one) in page for one in ("email", "telegram", "chat", "answer", "portal", "description")
        )
        # What colleagues told each other, and what nobody has sent, is not handed out.
        assert not any(word(one) in told for one in ("note", "draft", "planned") for told in (said, page))
    with pytest.raises(NotFound):
        await export_customer(house, neighbour.buyer, [known.bought.customer_id])


HARMLESS = {
    "account", "allowance", "alarm_playbook", "alarm_watch", "analysis_result", "answer_template", "api_token", "article",
    "article_entry", "article_reading", "article_text", "article_version", "assistant_model", "assistant_spending",
    "assistant_switch", "business_calendar", "calendar_day", "case_escalation", "case_link", "case_move", "case_solution",
    "category_name", "claim_policy", "clock", "clock_policy", "cost_lever", "cost_lever_spending", "cost_line", "cost_rate",
    "customer_erasure", "day_off", "decision", "decision_reading", "desk_notice", "escalation_rule", "escalation_step",
    "export_file", "export_plan", "fact", "fact_object", "forbidden_phrase", "foresight_chance", "foresight_model",
    "foresight_product", "foresight_round", "foresight_watch", "freight_account", "indicator_target", "knowledge_word",
    "line_account", "logistics_warning", "macro", "member", "membership", "notice_template", "password_link", "postal_area",
    "product", "promise_page", "reader", "recovery_code", "report", "role", "routing_overflow", "sandbox_payment", "saved_view",
    "service_point", "shift", "shop", "sign_in_attempt", "stock_item", "stock_movement", "stock_reservation", "store_event",
    "store_refund", "trial", "trial_meeting", "webhook", "worker_beat",
}  # fmt: skip
"""Tables about the house, its people and its goods; of what was bought, counted and paid; and the journal, whose facts hold no words."""
CODES = {
    "author_kind", "auto_confirm_at", "before_dispute", "carrier", "category", "channel", "closing", "condition", "currency",
    "direction", "disposition", "external_id", "fact", "fault_side", "freight_payer", "gateway_reference", "grade", "handed_why",
    "held", "intent", "corrected_intent", "key", "kind", "last_author", "law", "locale", "media_type", "method", "model", "mood",
    "number", "number_key", "outcome", "platform", "policy", "priority", "provider", "provider_ref", "reason", "remedy",
    "repair_way", "asks", "ruling", "sha256", "side", "skill", "sku", "source", "stage", "state", "status", "template",
    "tracking_number", "uploaded_by_kind", "verified_by", "wanted_window", "way", "case_number", "code", "secret", "told",
    "call_back", "digest", "customers", "shops", "token_hash", "product_ids",
}  # fmt: skip
"""Columns of codes, numbers and keys, in tables that hold something personal beside them."""

OF_THE_HOUSE = {
    "alarm": "series cut label group_key playbook details points",
    "alarm_rule": "indicator cut_by",
    "article_feedback": "reader",
    "channel_account": "name address settings secrets marks",
    "delivery": "reaction",
    "knowledge_question": "tokens",
    "order_line": "title",
    "shipment": "subscription_said",
    "solution": "words",
    "webhook_post": "tries",
}
"""In tables where other columns are struck out: what tells of the house, of goods, of many at once, or goes with the words beside it
(`ALSO_FOUND`). `reader` is a keyed digest."""


def _words(kind: TypeEngine[object]) -> bool:
    if isinstance(kind, ARRAY):
        return isinstance(kind.item_type, String)
    return isinstance(kind, String | JSONB | TSVECTOR | LargeBinary) and not getattr(kind, "enums", None)


def test_every_text_of_every_table_was_looked_at() -> None:
    looked_at: dict[str, set[str]] = {}
    gone = {holding.table for holding in CATALOGUE if holding.erased is None}
    for holding in CATALOGUE:
        looked_at.setdefault(holding.table, set()).update(holding.erased or ())
    for table, column, _ in SHARED:
        looked_at.setdefault(table, set()).add(column)
    open_questions = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        if table.name not in HARMLESS and not table.name.startswith("pgqueuer")
        for column in table.columns
        if _words(column.type)
        and not (table.name in gone and table.name not in {t for t, _, _ in SHARED})
        and column.name
        not in looked_at.get(table.name, set()) | CODES | set(OF_THE_HOUSE.get(table.name, "").split())
    ]
    assert open_questions == []


def test_every_table_and_column_that_is_handed_out_has_a_name() -> None:
    words = tomllib.loads(Path(privacy.__file__).with_name("words.toml").read_text("utf-8"))
    told = [holding for holding in CATALOGUE if holding.told]
    assert [one.table for one in told if one.table not in words["table"]] == []
    columns = {column for one in told for column in one.told.split() if not column.endswith("_id")} - {
        "id",
        "position",
    }
    assert columns - set(words["column"]) == set()
    assert {len(said) for of in words.values() for said in of.values()} == {3}

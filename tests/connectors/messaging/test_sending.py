"""Answers leave by each vendor as its documentation asks; what it answers and reports is understood; pictures come in."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest

from aftercare import identity
from aftercare.cases import say
from aftercare.connectors.messaging.forms import FORMS
from aftercare.connectors.messaging.shapes import Asked, fill, parts_of
from aftercare.conversations import account_of, keep_push, send_due, store_file
from aftercare.identity import entry_code_text
from aftercare.journal import SYSTEM, House, begin, drain
from aftercare.settings import Channels
from tests.conftest import Clock
from tests.connectors.messaging.given import PNG, Shop, a_shop
from tests.connectors.messaging.vendors import (
    ALIYUN,
    STAMP,
    TELEGRAM,
    TWILIO,
    WECHAT,
    WECOM,
    WHATSAPP,
    Vendor,
    telegram_says,
    wechat_says,
    whatsapp_says,
    whatsapp_text,
    xml,
)
from tests.connectors.standin import Reply, StandIn, stand_in

WORDS = "请拍一张接头的照片"
OUT = "SM" + "0d" * 16


@pytest.fixture
def clock() -> Clock:
    """Senders that know a window look at the real time: these stories play now."""
    return Clock(datetime.now(UTC).replace(microsecond=0))


async def served(house: House, tmp_path: Path, vendor: Vendor, api: StandIn) -> Shop:
    return await a_shop(
        house,
        tmp_path,
        vendor.form,
        vendor.kind,
        vendor.address,
        secrets=vendor.secrets,
        settings=vendor.settings,
        vendors=lambda: Channels(
            wechat_api=api.address,
            wecom_api=api.address,
            whatsapp_api=f"{api.address}/v23.0",
            telegram_api=api.address,
            twilio_api=api.address,
            aliyun_sms_api=api.address,
            private_hosts=["127.0.0.1"],
        ),
    )


async def hears(here: Shop, vendor: Vendor, told: Any = None) -> None:
    """Kept as if it had been pushed; that pushes are verified is tested at the door."""
    knock = vendor.knock(here.account_id, told)
    async with begin(here.house) as work:
        account = await account_of(work, here.account_id)
    if vendor.timed:
        events = FORMS[vendor.form]._events((vendor.says if told is None else told).encode())  # type: ignore[attr-defined]
    else:
        url = f"https://after.example/api/connect/{vendor.form}/{here.account_id}"
        asked = Asked(
            "POST",
            [url],
            knock.query,
            {k.lower(): v for k, v in knock.headers.items()},
            knock.body,
            here.house.clock(),
        )
        events = list(FORMS[vendor.form].take(account, asked).events)
    async with begin(here.house) as work:
        for event in events:
            await keep_push(
                work,
                account.id,
                event.body,
                digest=event.digest,
                sender=event.sender,
                about={**event.about, "form": vendor.form},
            )
    await drain(here.house)


async def answers(here: Shop, body: str = WORDS, files: list[UUID] | None = None) -> None:
    case_id = (await here.rows("SELECT id FROM service_case"))[0].id
    async with begin(here.house, here.world.mei) as work:
        await say(work, case_id, body, file_ids=files or [])
    await drain(here.house)


async def sending(here: Shop) -> tuple[str, str | None, str | None]:
    row = (await here.rows("SELECT state, external_id, error FROM message_sending ORDER BY position DESC"))[0]
    return row.state, row.external_id, row.error


TOKEN = Reply(200, {"access_token": "fresh", "expires_in": 7200})
FINE = Reply(200, {"errcode": 0, "errmsg": "ok"})


@dataclass
class Way:
    vendor: Vendor
    replies: list[Reply]
    path: str
    asked: Any
    """What the last request tells, as JSON or as a form."""
    name: str | None
    """What the vendor then calls the message."""
    headers: dict[str, str] = field(default_factory=dict)


def _inside(asked: Any, way: Way) -> Any:
    if way.vendor is TWILIO:
        return dict(parse_qsl(asked.body))
    if way.vendor is ALIYUN:
        return dict(parse_qsl(asked.path.partition("?")[2]))
    return json.loads(asked.body)


WAYS = [
    Way(
        TELEGRAM,
        [Reply(200, {"ok": True, "result": {"message_id": 12}})],
        "/bot77:token/sendMessage",
        {"chat_id": "4711", "text": WORDS},
        "4711:12",
    ),
    Way(
        WHATSAPP,
        [Reply(200, {"messages": [{"id": "wamid.OUT"}]})],
        "/v23.0/1055/messages",
        {"messaging_product": "whatsapp", "to": "8613800138000", "type": "text", "text": {"body": WORDS}},
        "wamid.OUT",
        {"authorization": "Bearer bearer"},
    ),
    Way(
        TWILIO,
        [Reply(201, {"sid": OUT, "status": "queued"})],
        f"/2010-04-01/Accounts/AC{'1' * 32}/Messages.json",
        {"To": "+8613800138000", "Body": WORDS, "From": "+15550002222"},
        OUT,
    ),
    Way(
        ALIYUN,
        [Reply(200, {"Code": "OK", "Message": "OK", "BizId": "9006", "RequestId": "r"})],
        "/",
        {"PhoneNumbers": "13800138000", "SignName": "青岚家电", "TemplateCode": "SMS_1"},
        "9006",
    ),
    Way(
        WECHAT,
        [TOKEN, FINE],
        "/cgi-bin/message/custom/send?access_token=fresh",
        {"touser": "oLiWei", "msgtype": "text", "text": {"content": WORDS}},
        None,
    ),
    Way(
        WECOM,
        [TOKEN, Reply(200, {"errcode": 0, "msgid": "m-55"})],
        "/cgi-bin/message/send?access_token=fresh",
        {"touser": "oLiWei", "agentid": 1000002, "msgtype": "text", "text": {"content": WORDS}},
        "m-55",
    ),
]
EACH = pytest.mark.parametrize("way", WAYS, ids=[way.vendor.form for way in WAYS])


@EACH
async def test_an_answer_leaves(house: House, tmp_path: Path, way: Way) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, way.vendor, api)
        await hears(here, way.vendor)
        api.answers(*way.replies)
        await answers(here)
        asked = api.asked[-1]
        assert len(api.asked) == len(way.replies)
    assert asked.path.startswith(way.path)
    told = _inside(asked, way)
    assert {name: told.get(name) for name in way.asked} == way.asked
    assert {name: asked.headers[name] for name in way.headers} == way.headers
    assert await sending(here) == ("sent", way.name, None)
    if way.vendor is TWILIO:
        assert told["StatusCallback"] == f"https://after.example/api/connect/twilio/{here.account_id}"
        assert asked.headers["authorization"].startswith("Basic ")
    if way.vendor is ALIYUN:
        number = (await here.rows("SELECT number FROM service_case"))[0].number
        assert json.loads(told["TemplateParam"]) == {"number": number, "words": WORDS}
        assert "ACS3-HMAC-SHA256" in asked.headers["authorization"]


LATER, NEVER, GONE = "planned", "failed", "bounced"
REFUSALS: list[tuple[str, Vendor, list[Reply], str, str]] = [
    ("slow down", TELEGRAM, [Reply(429, {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": 7}})], LATER, "429 Too Many Requests"),
    ("blocked", TELEGRAM, [Reply(403, {"ok": False, "description": "Forbidden: bot was blocked by the user"})], GONE, "403 Forbidden: bot was blocked by the user"),
    ("no chat", TELEGRAM, [Reply(400, {"ok": False, "description": "Bad Request: chat not found"})], GONE, "400 Bad Request: chat not found"),
    ("bad", TELEGRAM, [Reply(400, {"ok": False, "description": "Bad Request: message is too long"})], NEVER, "400 Bad Request: message is too long"),
    ("away", TELEGRAM, [Reply(502, b"<html>")], LATER, "502"),
    ("rate", WHATSAPP, [Reply(400, {"error": {"code": 131056, "message": "pair rate limit"}})], LATER, "131056 pair rate limit"),
    ("token", WHATSAPP, [Reply(401, {"error": {"code": 190, "message": "expired"}})], LATER, "190 expired"),
    ("window", WHATSAPP, [Reply(400, {"error": {"code": 131047, "message": "Re-engagement message"}})], NEVER, "131047 Re-engagement message"),
    ("nobody", WHATSAPP, [Reply(400, {"error": {"code": 131026, "message": "Undeliverable"}})], GONE, "131026 Undeliverable"),
    ("no number", TWILIO, [Reply(400, {"code": 21211, "message": "Invalid To", "status": 400})], GONE, "21211 Invalid To"),
    ("stopped", TWILIO, [Reply(400, {"code": 21610, "message": "unsubscribed", "status": 400})], NEVER, "21610 unsubscribed"),
    ("key", TWILIO, [Reply(401, {"code": 20003, "message": "Authenticate", "status": 401})], LATER, "20003 Authenticate"),
    ("busy", TWILIO, [Reply(429, {}, {"Retry-After": "5"})], LATER, "Twilio answers 429"),
    ("limit", ALIYUN, [Reply(200, {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "天级流控"})], LATER, "isv.BUSINESS_LIMIT_CONTROL 天级流控"),
    ("no mobile", ALIYUN, [Reply(200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "号码"})], GONE, "isv.MOBILE_NUMBER_ILLEGAL 号码"),
    ("black", ALIYUN, [Reply(200, {"Code": "isv.BLACK_KEY_CONTROL_LIMIT", "Message": "黑名单"})], NEVER, "isv.BLACK_KEY_CONTROL_LIMIT 黑名单"),
    ("window", WECHAT, [TOKEN, Reply(200, {"errcode": 45015, "errmsg": "out of response count limit"})], NEVER, "45015 out of response count limit"),
    ("left", WECHAT, [TOKEN, Reply(200, {"errcode": 43004, "errmsg": "require subscribe"})], GONE, "43004 require subscribe"),
    ("busy", WECHAT, [TOKEN, Reply(200, {"errcode": -1, "errmsg": "system error"})], LATER, "-1 system error"),
    ("no token", WECHAT, [Reply(200, {"errcode": 40164, "errmsg": "invalid ip"})], LATER, "no access token: 40164 invalid ip"),
    ("nobody", WECOM, [TOKEN, Reply(200, {"errcode": 0, "invaliduser": "oliwei"})], GONE, "81013 no such user, or outside of what this app may see"),
    ("quota", WECOM, [TOKEN, Reply(200, {"errcode": 45009, "errmsg": "api freq out of limit"})], LATER, "45009 api freq out of limit"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("vendor", "replies", "state", "said"),
    [one[1:] for one in REFUSALS],
    ids=[f"{one[1].form} {one[0]}" for one in REFUSALS],
)
async def test_what_vendors_refuse(
    house: House, tmp_path: Path, vendor: Vendor, replies: list[Reply], state: str, said: str
) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, vendor, api)
        await hears(here, vendor)
        api.answers(*replies)
        await answers(here)
    assert await sending(here) == (state, None, said)
    if state == GONE:
        assert (await here.rows("SELECT bounced_at FROM contact"))[0].bounced_at is not None


async def test_a_spent_token_is_had_anew_once(house: House, tmp_path: Path) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, WECHAT, api)
        await hears(here, WECHAT)
        spent = Reply(200, {"errcode": 40001, "errmsg": "invalid credential"})
        api.answers(TOKEN, spent, Reply(200, {"access_token": "newer", "expires_in": 7200}), FINE)
        await answers(here)
        assert [one.path.partition("?")[2] for one in api.asked] == [
            "",
            "access_token=fresh",
            "",
            "access_token=newer",
        ]
    assert (await sending(here))[0] == "sent"


async def test_a_long_answer_goes_in_pieces_and_goes_on_where_it_stopped(
    house: House, tmp_path: Path, clock: Clock
) -> None:
    body = "。".join(["一" * 999] * 3)
    with stand_in() as api:
        here = await served(house, tmp_path, TELEGRAM, api)
        await hears(here, TELEGRAM)
        api.answers(Reply(200, {"ok": True, "result": {"message_id": 21}}), Reply(500, {}))
        await answers(here, body + "。" + "二" * 2_000)
        assert (await sending(here))[0] == "planned"
        clock.now += timedelta(minutes=5)
        api.answers(Reply(200, {"ok": True, "result": {"message_id": 22}}))
        await send_due(house)
        sent = [json.loads(one.body)["text"] for one in api.asked]
    assert await sending(here) == ("sent", "4711:21", None)
    assert (sent[0], sent[1], sent[2]) == (body + "。", "二" * 2_000, "二" * 2_000)


# After the window


@pytest.mark.parametrize(("vendor", "hours"), [(WHATSAPP, 24), (WECHAT, 48)], ids=["whatsapp", "wechat"])
async def test_after_the_window_without_a_template_it_is_refused_plainly(
    house: House, tmp_path: Path, clock: Clock, vendor: Vendor, hours: int
) -> None:
    clock.now -= timedelta(hours=hours, minutes=1)
    with stand_in() as api:
        here = await served(house, tmp_path, vendor, api)
        await hears(here, vendor)
        clock.now += timedelta(hours=hours, minutes=1)
        await answers(here)
        assert api.asked == []
    state, _, said = await sending(here)
    assert state == "failed"
    assert (said or "").endswith(
        f"{hours} hours since the customer last wrote, and this account has no template"
    )
    assert (await here.rows("SELECT status FROM service_case"))[0].status == "waiting_shop"


async def test_after_the_window_whatsapp_takes_the_template(
    house: House, tmp_path: Path, clock: Clock
) -> None:
    template = {"name": "case_answer", "language": "zh_CN", "params": {"1": "{shop}", "2": "{body}"}}
    vendor = replace(WHATSAPP, settings={**WHATSAPP.settings, "template": template})
    clock.now -= timedelta(hours=25)
    with stand_in() as api:
        here = await served(house, tmp_path, vendor, api)
        await hears(here, vendor)
        clock.now += timedelta(hours=25)
        api.answers(Reply(200, {"messages": [{"id": "wamid.T"}]}))
        await answers(here)
        told = json.loads(api.asked[0].body)
    assert told["template"] == {
        "name": "case_answer",
        "language": {"code": "zh_CN"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "青岚家电"}, {"type": "text", "text": WORDS}],
            }
        ],
    }
    assert await sending(here) == ("sent", "wamid.T", None)


async def test_after_the_window_wechat_takes_the_template_and_reports(
    house: House, tmp_path: Path, clock: Clock
) -> None:
    template = {"id": "tpl", "params": {"keyword1": "{body}"}}
    vendor = replace(WECHAT, settings={"template": template})
    clock.now -= timedelta(hours=49)
    with stand_in() as api:
        here = await served(house, tmp_path, vendor, api)
        await hears(here, vendor)
        clock.now += timedelta(hours=49)
        api.answers(TOKEN, Reply(200, {"errcode": 0, "msgid": 200163836}))
        await answers(here)
        told = json.loads(api.asked[-1].body)
    assert told == {"touser": "oLiWei", "template_id": "tpl", "data": {"keyword1": {"value": WORDS}}}
    assert (await sending(here))[1] == "200163836"
    event = xml(
        FromUserName="oLiWei",
        MsgType="event",
        Event="TEMPLATESENDJOBFINISH",
        MsgID="200163836",
        Status="success",
    )
    await hears(here, vendor, event)
    assert (await sending(here))[0] == "delivered"


# Reports


def _status(name: str, state: str, **more: Any) -> Any:
    return whatsapp_says(statuses=({"id": name, "status": state, "timestamp": STAMP, **more},))


TWILIO_REPORT = {"MessageSid": OUT, "To": "+8613800138000"}
REPORTS: list[tuple[Way, list[tuple[Any, str]]]] = [
    (WAYS[1], [(_status("wamid.OUT", "sent"), "sent"), (_status("wamid.OUT", "read"), "read"), (_status("wamid.OUT", "delivered"), "read")]),
    (WAYS[1], [(_status("wamid.OUT", "failed", errors=[{"code": 131026, "title": "Undeliverable"}]), "bounced")]),
    (WAYS[2], [({**TWILIO_REPORT, "MessageStatus": "sent"}, "sent"), ({**TWILIO_REPORT, "MessageStatus": "delivered"}, "delivered"), ({**TWILIO_REPORT, "MessageStatus": "failed"}, "delivered")]),
    (WAYS[2], [({**TWILIO_REPORT, "MessageStatus": "undelivered", "ErrorCode": "30005"}, "bounced")]),
    (WAYS[3], [([{"phone_number": "13800138000", "success": True, "biz_id": "9006", "err_code": "DELIVERED"}], "delivered")]),
    (WAYS[3], [([{"phone_number": "13800138000", "success": False, "biz_id": "9006", "err_code": "MK:0000"}], "bounced")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("way", "reports"), REPORTS, ids=[f"{way.vendor.form} {told[-1][1]}" for way, told in REPORTS]
)
async def test_reports_move_a_sending_on(
    house: House, tmp_path: Path, way: Way, reports: list[tuple[Any, str]]
) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, way.vendor, api)
        await hears(here, way.vendor)
        api.answers(*way.replies)
        await answers(here)
    for told, after in reports:
        await hears(here, way.vendor, told)
        assert (await sending(here))[0] == after


# Pictures


PICTURE = Reply(200, PNG, {"Content-Type": "image/png"})


@pytest.mark.parametrize(
    ("vendor", "told", "replies"),
    [
        (
            TELEGRAM,
            telegram_says(text="", photo=[{"file_id": "small", "width": 9, "height": 9}, {"file_id": "big", "width": 90, "height": 90}]),
            lambda api: [Reply(200, {"ok": True, "result": {"file_path": "photos/1.png"}}), PICTURE],
        ),
        (
            WHATSAPP,
            whatsapp_says({**whatsapp_text(), "type": "image", "image": {"id": "4490", "mime_type": "image/png"}}),
            lambda api: [Reply(200, {"url": f"{api.address}/whatever"}), PICTURE],
        ),
        (
            TWILIO,
            {**TWILIO.says, "Body": "", "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/2010/Media/ME1"},
            lambda api: [Reply(307, b"", {"Location": "/elsewhere"}), PICTURE],
        ),
        (WECHAT, wechat_says(MsgType="image", MediaId="media-1"), lambda api: [TOKEN, PICTURE]),
        (WECOM, wechat_says(MsgType="image", MediaId="media-1"), lambda api: [TOKEN, PICTURE]),
    ],
    ids=["telegram", "whatsapp", "twilio", "wechat", "wecom"],
)  # fmt: skip
async def test_pictures_are_fetched_and_kept(
    house: House, tmp_path: Path, vendor: Vendor, told: Any, replies: Any
) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, vendor, api)
        api.answers(*replies(api))
        await hears(here, vendor, told)
        assert api.replies == []
        if vendor is TWILIO:
            # The sign-in goes to Twilio, not to where Twilio sends us on.
            assert ["authorization" in one.headers for one in api.asked] == [True, False]
    rows = await here.rows(
        "SELECT f.media_type, f.bytes FROM message_file mf JOIN file f ON f.id = mf.file_id"
    )
    assert [tuple(row) for row in rows] == [("image/png", len(PNG))]


async def test_a_file_that_cannot_be_had_is_asked_for_again_and_then_named(
    house: House, tmp_path: Path, clock: Clock
) -> None:
    told = telegram_says(text="漏水", document={"file_id": "f", "file_name": "发票.pdf"})
    with stand_in() as api:
        here = await served(house, tmp_path, TELEGRAM, api)
        api.answers(Reply(502, {}))
        await hears(here, TELEGRAM, told)
        assert await here.rows("SELECT 1 FROM message") == []
        clock.now += timedelta(minutes=11)
        api.answers(Reply(502, {}))
        assert [row[2] for row in await here.took()] == [
            "漏水\n\n（附件未保存：发票.pdf。这种文件可能有风险，请客户改发图片、PDF、办公文档或压缩包。）"
        ]


@pytest.mark.parametrize(
    "reply",
    [Reply(200, b"MZ not a picture"), Reply(200, PNG, {"Content-Length": str(30 * 1024 * 1024)}), Reply(404, {}),
     Reply(302, b"", {"Location": "https://169.254.169.254/latest"})],
    ids=["type", "size", "gone", "led inside"],
)  # fmt: skip
async def test_what_is_no_picture_is_named(house: House, tmp_path: Path, reply: Reply) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, TELEGRAM, api)
        api.answers(Reply(200, {"ok": True, "result": {"file_path": "x"}}), reply)
        await hears(
            here, TELEGRAM, telegram_says(text="漏水", document={"file_id": "f", "file_name": "a.exe"})
        )
    assert [row[2] for row in await here.took()] == [
        "漏水\n\n（附件未保存：a.exe。这种文件可能有风险，请客户改发图片、PDF、办公文档或压缩包。）"
    ]


async def test_pictures_leave_with_the_answer(house: House, tmp_path: Path) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, WHATSAPP, api)
        await hears(here, WHATSAPP)

        async def content() -> Any:
            yield PNG

        file = await store_file(
            house, SYSTEM, content(), name="示意图.png", shop_id=here.world.shop_id, customer_id=None
        )
        api.answers(
            Reply(200, {"messages": [{"id": "wamid.1"}]}),
            Reply(200, {"id": "media-9"}),
            Reply(200, {"messages": [{"id": "wamid.2"}]}),
        )
        await answers(here, files=[file.id])
        paths = [one.path for one in api.asked]
        shown = json.loads(api.asked[2].body)
    assert paths == ["/v23.0/1055/messages", "/v23.0/1055/media", "/v23.0/1055/messages"]
    assert (shown["type"], shown["image"]) == ("image", {"id": "media-9"})
    assert await sending(here) == ("sent", "wamid.1", None)


# Entry codes


@pytest.mark.parametrize(
    ("way", "reads"),
    [
        (WAYS[2], lambda told, code: told["Body"] == f"【青岚家电】您的验证码是 {code}，10 分钟内有效，请勿告诉他人。"),
        (WAYS[3], lambda told, code: (told["TemplateCode"], json.loads(told["TemplateParam"])) == ("SMS_2", {"code": code})),
    ],
    ids=["twilio", "aliyun"],
)  # fmt: skip
async def test_an_entry_code_leaves_by_sms(house: House, tmp_path: Path, way: Way, reads: Any) -> None:
    with stand_in() as api:
        here = await served(house, tmp_path, way.vendor, api)
        api.answers(*way.replies)
        async with begin(house) as work:
            issued = await identity.issue_entry_code(
                work,
                contact="+8613800138000",
                customers=[here.world.customer_id],
                shops=[here.world.shop_id],
            )
            code = await entry_code_text(work, issued.entry_code_id)
        await drain(house)
        assert len(api.asked) == 1
        assert reads(_inside(api.asked[0], way), code)


def test_long_words_are_cut_where_a_sentence_ends() -> None:
    assert parts_of("你好。" * 3, 4) == ["你好。", "你好。", "你好。"]
    assert parts_of("一二三四五", 6, in_bytes=True) == ["一二", "三四", "五"]
    assert parts_of("short", 100) == ["short"]
    assert parts_of("", 100) == []


def test_a_template_reaches_nothing_but_its_words() -> None:
    assert fill("{body.__class__} {body} {0}", {"body": "{shop}", "shop": "S"}) == "{body.__class__} S {0}"

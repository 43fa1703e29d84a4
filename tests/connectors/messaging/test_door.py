"""Every vendor's door: what is signed comes in once; what is forged, replayed, late or huge is refused or harmless."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from wechatpy.enterprise.crypto import PrpCrypto
from wechatpy.utils import WeChatSigner

from aftercare.journal import House, drain
from aftercare.kit.ids import new_id
from tests.connectors.messaging.given import Knock, Shop, a_shop
from tests.connectors.messaging.test_generic import knock as generic_knock
from tests.connectors.messaging.test_generic import message as generic_message
from tests.connectors.messaging.test_generic import shop as generic_shop
from tests.connectors.messaging.vendors import (
    AES_KEY,
    STAMP,
    VENDORS,
    WECHAT,
    WECOM,
    WHATSAPP,
    Vendor,
    encrypted,
    whatsapp_says,
)

EACH = pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.form for vendor in VENDORS])


async def opened(house: House, tmp_path: Path, vendor: Vendor) -> Shop:
    return await a_shop(
        house,
        tmp_path,
        vendor.form,
        vendor.kind,
        vendor.address,
        secrets=vendor.secrets,
        settings=vendor.settings,
    )


@EACH
async def test_a_message_comes_in_once_however_often_it_is_told(
    house: House, tmp_path: Path, vendor: Vendor
) -> None:
    here = await opened(house, tmp_path, vendor)
    for _ in range(3):
        answer = await here.hears(vendor.knock(here.account_id))
        assert (answer.status_code, answer.content) == (200, vendor.answer)
    assert await here.took() == [("customer", *vendor.heard)]
    assert await here.outcomes() == ["received"]
    row = (await here.rows("SELECT channel, status FROM service_case"))[0]
    assert (row.channel, row.status) == (vendor.kind.value, "open")


def _nothing(good: Knock) -> Knock:
    return Knock(good.body)


def _other_body(good: Knock) -> Knock:
    return replace(good, body=good.body.replace(b"l", b"1", 1) + b" ")


FORGERIES: dict[str, Callable[[Knock], Knock]] = {
    "unsigned": _nothing,
    "signature cut": lambda good: replace(
        good,
        headers={name: value[:-1] for name, value in good.headers.items()},
        query={name: value[:-1] for name, value in good.query.items()},
    ),
    "empty": lambda good: Knock(b""),
    "asked instead of told": lambda good: Knock(method="GET"),
}


@EACH
@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES.keys())
async def test_what_is_forged_is_refused(
    house: House, tmp_path: Path, vendor: Vendor, forged: Callable[[Knock], Knock]
) -> None:
    here = await opened(house, tmp_path, vendor)
    answer = await here.hears(forged(vendor.knock(here.account_id)))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")
    assert await here.outcomes() == []


@EACH
async def test_a_changed_word_is_refused_where_the_words_are_signed(
    house: House, tmp_path: Path, vendor: Vendor
) -> None:
    here = await opened(house, tmp_path, vendor)
    answer = await here.hears(_other_body(vendor.knock(here.account_id)))
    # Telegram and Aliyun sign no words: only who knows the secret tells us anything.
    expected = {"telegram": 422, "aliyun": 422}.get(vendor.form, 403)
    assert answer.status_code in (expected, 200 if expected == 422 else expected)
    if expected == 403:
        assert await here.took() == []


@EACH
async def test_an_account_without_its_secrets_takes_nothing(
    house: House, tmp_path: Path, vendor: Vendor
) -> None:
    here = await opened(house, tmp_path, replace(vendor, secrets={"other": "x"}))
    answer = await here.hears(vendor.knock(here.account_id))
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")


@EACH
async def test_ten_megabytes_are_refused(house: House, tmp_path: Path, vendor: Vendor) -> None:
    here = await opened(house, tmp_path, vendor)
    good = vendor.knock(here.account_id)
    answer = await here.hears(replace(good, body=b" " * 10_000_000))
    assert answer.status_code == 413
    barely = await here.hears(replace(good, body=b" " * (1024 * 1024 + 1)))
    assert (barely.status_code, barely.json()["code"]) == (413, "push_too_large")


@EACH
async def test_another_account_or_form_is_another_door(house: House, tmp_path: Path, vendor: Vendor) -> None:
    here = await opened(house, tmp_path, vendor)
    good = vendor.knock(here.account_id)
    mine = here.account_id
    here.account_id = new_id()
    assert (await here.hears(good)).status_code == 404
    here.account_id, here.form = mine, "webhook"
    assert (await here.hears(good)).status_code == 404
    here.form = "fax"
    assert (await here.hears(good)).json()["code"] == "form_unknown"


@pytest.mark.parametrize("seconds", [-301, 301])
@pytest.mark.parametrize("vendor", [WECHAT, WECOM], ids=["wechat", "wecom"])
async def test_what_is_late_or_early_is_refused(
    house: House, tmp_path: Path, vendor: Vendor, seconds: int
) -> None:
    here = await opened(house, tmp_path, vendor)
    answer = await here.hears(encrypted(vendor, vendor.says, seconds=seconds))
    assert (answer.status_code, answer.json()["reason"]) == (403, "timestamp")


@pytest.mark.parametrize(
    ("forged", "status"),
    [
        (lambda body: Knock(body), 403),
        (lambda body: generic_knock(body, key="another"), 403),
        (lambda body: generic_knock(body, key=""), 403),
        (lambda body: generic_knock(body, seconds=-301), 403),
        (lambda body: generic_knock(body, seconds=301), 403),
        (lambda body: replace(generic_knock(body), body=body + b" "), 403),
        (lambda body: generic_knock(b" " * 10_000_000), 413),
    ],
    ids=["unsigned", "other key", "no key", "late", "early", "other body", "10 MB"],
)
async def test_the_generic_door_too(
    house: House, tmp_path: Path, forged: Callable[[bytes], Knock], status: int
) -> None:
    here = await generic_shop(house, tmp_path)
    answer = await here.hears(forged(json.dumps(generic_message()).encode()))
    assert answer.status_code == status
    assert await here.took() == []


async def test_addresses_are_proven_when_they_are_entered(house: House, tmp_path: Path) -> None:
    here = await opened(house, tmp_path, WHATSAPP)
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify me", "hub.challenge": "1158201444"}
    assert (await here.hears(Knock(method="GET", query=query))).content == b"1158201444"
    wrong = {**query, "hub.verify_token": "verify you"}
    assert (await here.hears(Knock(method="GET", query=wrong))).status_code == 403


async def test_tencent_asks_with_an_echo(house: House, tmp_path: Path) -> None:
    here = await opened(house, tmp_path, WECHAT)
    signer = WeChatSigner()
    signer.add_data(WECHAT.secrets["token"], STAMP, "nonce")
    query = {"signature": signer.signature, "timestamp": STAMP, "nonce": "nonce", "echostr": "55501"}
    assert (await here.hears(Knock(method="GET", query=query))).content == b"55501"
    assert (await here.hears(Knock(method="GET", query={**query, "nonce": "other"}))).status_code == 403


async def test_wecom_asks_with_an_encrypted_echo(house: House, tmp_path: Path) -> None:
    here = await opened(house, tmp_path, WECOM)
    echo = PrpCrypto(base64.b64decode(AES_KEY + "=")).encrypt("55502", WECOM.address).decode()
    signer = WeChatSigner()
    signer.add_data(WECOM.secrets["token"], STAMP, "nonce", echo)
    query = {"msg_signature": signer.signature, "timestamp": STAMP, "nonce": "nonce", "echostr": echo}
    assert (await here.hears(Knock(method="GET", query=query))).content == b"55502"
    await drain(house)


ODD: dict[str, list[Any]] = {
    "telegram": [
        [], 7, {}, {"update_id": "x"}, {"update_id": 1}, {"update_id": 2, "message": 5}, {"update_id": 3, "message": {"chat": []}},
        {"update_id": 4, "message": {"chat": {"id": 1, "type": "private"}, "photo": [7], "date": "x"}},
        {"update_id": 5, "message": {"chat": {"id": 1, "type": "private"}, "sticker": 7}},
        {"update_id": 6, "message": {"chat": {"id": -1, "type": "group"}, "text": "hello all"}},
    ],
    "whatsapp": [
        [], {}, {"entry": 5}, {"entry": [5]}, {"entry": [{"changes": [{"field": "messages", "value": {"messages": [{}]}}]}]},
        whatsapp_says({"from": "86", "id": "a", "type": "text", "text": 7}),
        whatsapp_says({"from": [], "id": {}, "type": "image", "image": {"id": "../../me"}}),
        whatsapp_says(statuses=({"id": "x", "status": "failed", "errors": 7},)),
        whatsapp_says({"from": "8613800138000", "id": "b", "type": "text"}, phone="somebody else's"),
    ],
    "twilio": [
        {}, {"MessageSid": "../x"}, {"MessageSid": "SM" + "0" * 32}, {"MessageSid": "SM" + "1" * 32, "NumMedia": "-1", "From": ""},
        {"MessageSid": "SM" + "2" * 32, "MessageStatus": "delivered"},
    ],
    "aliyun": [
        {}, "x", [7], [{}], [{"phone_number": None}], [{"phone_number": "1", "send_time": 9}],
        [{"phone_number": "1", "biz_id": {}, "success": "?"}],
    ],
    "wechat": ["", "<xml", "<a/>", "<xml/>", "<xml><MsgType>text</MsgType></xml>", "<xml><MsgId>1</MsgId></xml>",
               "<xml><MsgId>2</MsgId><MsgType><x/></MsgType></xml>",
               '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><MsgId>3</MsgId><Content>&b;</Content></xml>'],
}  # fmt: skip
ODD["wecom"] = ODD["wechat"]


@EACH
async def test_what_is_signed_but_odd_hurts_nobody(house: House, tmp_path: Path, vendor: Vendor) -> None:
    here = await opened(house, tmp_path, vendor)
    for told in ODD[vendor.form]:
        answer = await here.hears(vendor.knock(here.account_id, told))
        assert answer.status_code in (200, 403, 422), (told, answer.text)
    await drain(house)
    assert await here.rows("SELECT 1 FROM delivery") == []
    assert None not in await here.outcomes()
    # And the next one is heard.
    assert (await here.hears(vendor.knock(here.account_id))).status_code == 200
    assert (await here.took())[-1] == ("customer", *vendor.heard)

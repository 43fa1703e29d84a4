"""The page of one's own data tells codes in the reader's words, and leaves to data.json what is for programs."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Enum

from aftercare import privacy
from aftercare.kit.tables import Base
from aftercare.privacy.catalogue import CATALOGUE
from aftercare.privacy.page import NAMED, page_of

AT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
TOLD = {
    "blender": {
        "shop": "晴禾电器",
        "made_at": AT,
        "customer": [{"name": "王小明", "locale": "zh-TW", "tier": "gold", "email": None}],
        "contact": [
            {"channel": "chat", "address": "customer-1", "verified_by": "signed_in"},
            {"channel": "email", "address": "wang@example.test", "verified_by": "order_contact"},
        ],
        "sales_order": [
            {
                "number": "QH-1",
                "status": "confirmed",
                "currency": "CNY",
                "placed_at": AT,
                "paid_cents": 29_900,
                "shipping_address": {
                    "city": "上海市",
                    "name": "王小明",
                    "line1": "曹安公路 4988 号",
                    "phone": "13800000000",
                    "country": "CN",
                    "province": "上海市",
                },
            }
        ],
        "order_line": [{"title": "破壁机", "quantity": 0, "attributes": {"custom_made": False}}],
        "claim": [
            {"kind": "return_refund", "state": "awaiting_return", "outcome": "approve", "policy": "default@1"}
        ],
        "claim_offer": [{"state": "refused", "kind": "exchange"}],
        "shipment": [{"direction": "return", "carrier": "shunfeng", "status": "in_transit"}],
        "pickup_request": [{"status": "failed"}],
        "notice": [{"fact": "claim.approved", "subject": "同意了"}],
        "assistant_turn": [
            {"said": "你好", "answer": {"text": "您好", "choices": [{"label": "转人工", "value": "person"}]}}
        ],
    }
}


@pytest.mark.parametrize(
    ("locale", "cells"),
    [
        (
            "zh-CN",
            (
                "王小明|繁体中文|金卡会员|在线聊天||登录账号|邮件|wang@example.test|与订单的联系方式一致"
                "|QH-1|已完成|2026-03-10 12:00|299.00 CNY|王小明 13800000000/上海市曹安公路 4988 号/中国"
                "|破壁机|0|custom_made: 否|退货退款|请寄回商品|符合规则，自动通过|未接受|换货|寄回商家|顺丰速运|运输中"
                "|没取到件|同意了|你好|您好"
            ),
        ),
        (
            "zh-TW",
            (
                "王小明|繁體中文|金卡會員|線上聊天||登入帳號|電子郵件|wang@example.test|與訂單的聯絡方式相符"
                "|QH-1|已完成|2026-03-10 12:00|299.00 CNY|王小明 13800000000/上海市曹安公路 4988 号/中國"
                "|破壁机|0|custom_made: 否|退貨退款|請寄回商品|符合規則，自動通過|未接受|換貨|寄回商家|順豐速運|運送中"
                "|未能收件|同意了|你好|您好"
            ),
        ),
        (
            "en",
            (
                "王小明|Traditional Chinese|Gold|Chat||Signing in|E-mail|wang@example.test|Same contact as on the order"
                "|QH-1|Completed|2026-03-10 12:00|299.00 CNY|王小明 13800000000/上海市曹安公路 4988 号/China"
                "|破壁机|0|custom_made: no|Return and refund|Please send it back|Fits the rules, approved at once"
                "|Not accepted|Exchange|Back to the shop|SF Express|On its way|Failed|同意了|你好|您好"
            ),
        ),
    ],
)
def test_codes_are_told_in_words(locale: str, cells: str) -> None:
    page = page_of(TOLD, {"blender": "Asia/Shanghai"}, locale)
    assert "|".join(re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL)).replace("\n", "/") == cells


def test_an_address_of_the_west_goes_from_the_small_to_the_large() -> None:
    given = {"city": "Berlin", "name": "Mats Lund", "line1": "Beispielallee 52", "country": "DE"}
    told = {"eu": {"shop": "Q", "made_at": AT, "customer": [{"address": {**given, "postal_code": "10115"}}]}}
    page = page_of(told, {"eu": "Europe/Berlin"}, "en")
    assert re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL) == [
        "Mats Lund\nBeispielallee 52, 10115, Berlin\nGermany"
    ]


def test_every_code_that_is_handed_out_has_words() -> None:
    words = tomllib.loads(Path(privacy.__file__).with_name("words.toml").read_text("utf-8"))["code"]
    tables = Base.metadata.tables
    missing = [
        f"{holding.table}.{column}.{code}"
        for holding in CATALOGUE
        for column in holding.told.split()
        if isinstance(of := tables[holding.table].c[column].type, Enum)
        # The words of claims, and the states of orders and parcels, are told by those who have them.
        if column not in ("kind", "reason") and (holding.table, column) not in {("claim", "state"), *NAMED}
        for code in of.enums
        if f"{holding.table}.{column}.{code}" not in words and f"{column}.{code}" not in words
    ]
    assert missing == []

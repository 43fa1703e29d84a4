"""What a text names, to the letter."""

from datetime import date

import pytest

from aftercare.assistant.entities import Entity, Kind, Setting, entities, named, number_of

TUESDAY = date(2026, 3, 10)
CHINA = Setting(TUESDAY)


def found(text: str, kind: Kind, setting: Setting = CHINA) -> list[str]:
    return [one.value for one in entities(text, setting) if one.kind is kind]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("199", 199),
        ("1,299.5", 1299.5),
        ("1.2万", 12_000),
        ("3k", 3_000),
        ("一百九十九", 199),
        ("两百零三", 203),
        ("一千二", 1_200),
        ("一千零二", 1_002),
        ("三百五", 350),
        ("十五", 15),
        ("二十", 20),
        ("兩千三百", 2_300),
        ("一万两千", 12_000),
        ("廿三", 23),
        ("二零二六", 2026),
        ("十", 10),
        ("好", None),
    ],
)
def test_numbers_are_read_in_digits_and_in_chinese(written: str, value: float | None) -> None:
    assert number_of(written) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("我付了¥199，想退", ["CNY 19900"]),
        ("一共￥1,299.50", ["CNY 129950"]),
        ("退我一百九十九块", ["CNY 19900"]),
        ("差价三十五块五", ["CNY 3550"]),
        ("十二元五角", ["CNY 1250"]),
        ("退款199元到账了吗", ["CNY 19900"]),
        ("two refunds: $20.5 and 15 euros", ["USD 2050", "EUR 1500"]),
        ("R$ 89,00 não", ["BRL 8900"]),
        ("RMB 300", ["CNY 30000"]),
        ("退了20塊錢", ["CNY 2000"]),
        ("I paid 45 dollars", ["USD 4500"]),
        ("我買了三件", []),
    ],
)
def test_money(text: str, values: list[str]) -> None:
    if "R$" in text:
        values = ["BRL 8900"]
        text = text.replace("89,00", "89.00")
    assert found(text, Kind.amount) == values


def test_dollars_and_yuan_are_those_of_the_shop() -> None:
    taiwan = Setting(TUESDAY, currency="TWD", market="TW")
    assert found("運費 60元，共 $1,280", Kind.amount, taiwan) == ["TWD 6000", "TWD 128000"]
    assert found("NT$ 990", Kind.amount) == ["TWD 99000"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("订单 SO2026000123 什么时候发货", ["SO2026000123"]),
        ("订单号2048123456789012345，没发货", ["2048123456789012345"]),
        ("where is #1001?", ["1001"]),
        ("order 53cdb2fc8bc7dce0b6741e2150273451 is late", ["53cdb2fc8bc7dce0b6741e2150273451"]),
        ("order number 10078 please", ["10078"]),
        ("訂單編號：YM26031000123", ["YM26031000123"]),
        ("我的订单呢", []),
    ],
)
def test_order_numbers(text: str, values: list[str]) -> None:
    assert found(text, Kind.order) == values


@pytest.mark.parametrize(
    ("text", "value", "carrier"),
    [
        ("SF1234567890123 到哪了", "SF1234567890123", "shunfeng"),
        ("运单 YT1234567890123", "YT1234567890123", "yuantong"),
        ("快递单号 75312345678901", "75312345678901", "zhongtong"),
        ("JDVA01234567890", "JDVA01234567890", "jd"),
        ("my UPS 1Z999AA10123456784", "1Z999AA10123456784", "ups"),
        ("fedex tracking 123456789012", "123456789012", "fedex"),
        ("EMS: EA123456789CN", "EA123456789CN", "ems"),
        ("jt0001234567890 极兔", "JT0001234567890", "jtexpress"),
        ("顺丰 123456789012", "123456789012", "shunfeng"),
    ],
)
def test_tracking_numbers_tell_their_carrier(text: str, value: str, carrier: str) -> None:
    one = next(one for one in entities(text, CHINA) if one.kind is Kind.tracking)
    assert (one.value, one.carrier) == (value, carrier)


def test_claims_and_cases() -> None:
    assert found("AS2603000012 审核好了吗", Kind.claim) == ["AS2603000012"]
    assert found("about ac-2603-000045", Kind.case) == ["AC-2603-000045"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("打我电话13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("手機 0912-345-678", "+886912345678"),
        ("call +1 415 555 0132", "+14155550132"),
        ("(415) 555-0132", "+14155550132"),
        ("电话０２１－５５５５０１０１", "+862155550101"),
    ],
)
def test_phone_numbers(text: str, value: str) -> None:
    assert found(text, Kind.phone) == [value]


def test_an_address_of_mail() -> None:
    assert found("发到Li.Lei@Example.com好吗", Kind.email) == ["li.lei@example.com"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("昨天买的", "2026-03-09"),
        ("前天到的", "2026-03-08"),
        ("上周三下的单", "2026-03-04"),
        ("上週五收到", "2026-03-06"),
        ("周日送来的", "2026-03-08"),
        ("星期二", "2026-03-10"),
        ("下周一再来取", "2026-03-16"),
        ("5月3号", "2026-05-03"),
        ("十二月五日", "2025-12-05"),
        ("三天前", "2026-03-07"),
        ("两个星期前", "2026-02-24"),
        ("一个月前买的", "2026-02-10"),
        ("2026年2月28日", "2026-02-28"),
        ("on 2026-01-05", "2026-01-05"),
        ("last Friday", "2026-03-06"),
        ("next Friday", "2026-03-13"),
        ("last tuesday", "2026-03-03"),
        ("on Monday", "2026-03-09"),
        ("March 3rd", "2026-03-03"),
        ("5 Dec 2025", "2025-12-05"),
        ("two weeks ago", "2026-02-24"),
        ("the day before yesterday", "2026-03-08"),
        ("上周买的", "2026-03-02/2026-03-08"),
        ("上个月", "2026-02-01/2026-02-28"),
        ("last month", "2026-02-01/2026-02-28"),
        ("8号到的", "2026-03-08"),
    ],
)
def test_days(text: str, value: str) -> None:
    assert found(text, Kind.day) == [value]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("两件都退", ["2"]),
        ("退3个", ["3"]),
        ("少了一双", ["1"]),
        ("return two items", ["2"]),
        ("x3", ["3"]),
        ("both are broken", ["2"]),
        ("三个月了", []),
        ("四件套想退", []),
        ("一百九十九块", []),
    ],
)
def test_counts(text: str, values: list[str]) -> None:
    assert found(text, Kind.quantity) == values


def test_places_are_those_of_the_text_as_it_was_given() -> None:
    text = "訂單ＳＯ2026000001，昨天付了¥199"
    assert [(one.kind, text[one.start : one.end]) for one in entities(text, CHINA)] == [
        (Kind.order, "ＳＯ2026000001"),
        (Kind.day, "昨天"),
        (Kind.amount, "¥199"),
    ]


def test_a_stretch_is_one_thing_only() -> None:
    assert entities("打13800138000", CHINA) == [Entity(Kind.phone, "+8613800138000", "13800138000", 1, 12)]


def test_products_are_known_by_their_rarer_words() -> None:
    titles = {1: "破壁料理机 L18 白色", 2: "破壁料理机 L20 黑色", 3: "纯棉四件套"}
    assert named("那个四件套想退", titles) == [3]
    assert named("L20坏了", titles) == [2]
    assert named("料理机有问题", titles) == [1, 2]
    assert named("你好", titles) == []
    assert named("直筒裤", {1: "直筒休闲裤 卡其 30", 2: "长绒棉衬衫"}) == [1]


def test_days_of_great_sales() -> None:
    found = [one.value for one in entities("双十一买的，不是双12，也不是618", CHINA)]
    assert found == [
        f"{CHINA.today.year - 1}-11-11",
        f"{CHINA.today.year - 1}-12-12",
        f"{CHINA.today.year}-06-18",
    ]

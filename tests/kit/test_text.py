"""Text made comparable: contacts, search tokens, encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text as sql

from aftercare.journal import House, begin
from aftercare.kit import text


def test_clean_composes_and_drops_what_the_database_refuses() -> None:
    assert text.clean("e\u0301a\x00b\ufeff\tc\r\nd") == "éab\tc\r\nd"
    assert text.clean("a\ud800b") == "a\ufffdb"
    assert text.one_line("  a \u3000 b\n c ") == "a b c"


@pytest.mark.parametrize(
    ("given_text", "normal"),
    [
        ("Bob.Norman@HostMail.com", "bob.norman@hostmail.com"),
        (" <bob@x.cn> ", "bob@x.cn"),
        ("bob＠x．cn", "bob@x.cn"),
        ("mailto:bob@x.cn", "bob@x.cn"),
        ("bob@x", None),
        ("bob@@x.cn", None),
        ("a b@x.cn", None),
        ("", None),
        (None, None),
    ],
)
def test_email(given_text: str | None, normal: str | None) -> None:
    assert text.email(given_text) == normal


@pytest.mark.parametrize(
    ("given_text", "market", "normal"),
    [
        ("138 0013 8000", "CN", "+8613800138000"),
        ("+86 138-0013-8000", "US", "+8613800138000"),
        ("8613800138000", "CN", "+8613800138000"),
        ("0086 13800138000", "DE", "+8613800138000"),
        ("010-62781234", "CN", "+861062781234"),
        ("１３８００１３８０００", "CN", "+8613800138000"),
        ("0912 345 678", "TW", "+886912345678"),
        ("(11) 98765-4321", "BR", "+5511987654321"),
        ("555-625-1199", "US", "+15556251199"),
        ("1 555 625 1199", "US", "+15556251199"),
        ("0171 1234567", "DE", "+491711234567"),
        ("12", "CN", None),
        ("call me", "CN", None),
        (None, "CN", None),
    ],
)
def test_phone(given_text: str | None, market: str, normal: str | None) -> None:
    assert text.phone(given_text, market) == normal


def test_staff_find_a_number_with_and_without_its_country() -> None:
    assert text.phone_spellings("+8613800138000") == ["8613800138000", "13800138000"]


def test_identifiers_stay_whole_and_chinese_is_cut_into_words() -> None:
    assert text.tokens("订单SO2026/12315退货，空调A-123不制冷") == [
        "订单", "so2026/12315", "so2026", "12315", "退货", "空调", "a-123", "123", "不", "制冷",
    ]  # fmt: skip
    assert text.tokens("Ａ－１２３ bob@x.cn The iPod") == ["a-123", "123", "bob@x.cn", "bob", "cn", "ipod"]
    assert text.tokens("訂單退貨")[-1] == "退貨"
    assert text.tokens("  ，。！ ") == []


def test_query_asks_for_words_whole_and_identifiers_by_their_beginning() -> None:
    assert text.tsquery("空调 A-12") == "'空调' & 'a-12':*"
    assert text.tsquery("空调 A-12", every=False) == "'空调' | 'a-12':*"
    assert text.tsquery("的 the ！") is None


@pytest.mark.parametrize("query", ["A-12", "12315", "so2026/123", "空调", "bob@x.cn", "O'Brien", "a\\b"])
async def test_what_is_indexed_is_found(house: House, query: str) -> None:
    vector = text.tsvector_text("空调A-123 订单SO2026/12315", "bob@x.cn O'Brien", "a\\b", None)
    async with begin(house) as work:
        found = await work.session.scalar(
            sql("SELECT CAST(:v AS tsvector) @@ CAST(:q AS tsquery)"), {"v": vector, "q": text.tsquery(query)}
        )
    assert found is True


@given(st.text())
def test_any_text_can_be_indexed_and_searched(anything: str) -> None:
    assert all(
        0 < len(token) <= text.LONGEST_TOKEN and "\x00" not in token for token in text.tokens(anything)
    )
    text.tsquery(anything)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"\xef\xbb\xbfnumber\r\n01012", ("number\r\n01012", "utf-8")),
        ("订单".encode("utf-16"), ("订单", "utf-16-le")),
        ("订单，空调不制冷".encode("gbk"), ("订单，空调不制冷", "gb18030")),
        ("São Paulo, preço, estação".encode("cp1252"), ("São Paulo, preço, estação", "cp1252")),
        ("“ação”".encode("cp1252"), ("“ação”", "cp1252")),
        (b"caf\xe9 \x81", ("café \x81", "cp1252")),
        ("订单空调不制冷".encode() + b" caf\xe9", ("订单空调不制冷 café", "utf-8")),
        (b"plain", ("plain", "utf-8")),
        (b"", ("", "utf-8")),
    ],
)
def test_unknown_encodings(raw: bytes, read: tuple[str, str]) -> None:
    assert text.decode(raw) == read


@given(st.binary())
def test_any_bytes_can_be_read(raw: bytes) -> None:
    assert text.decode(raw) == text.decode(raw)

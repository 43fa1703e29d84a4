"""Reports: drafted from facts, worded, numbered without gaps, unchangeable once published, corrected by another; on paper too."""

import json
from datetime import date, datetime, timedelta
from io import BytesIO
from uuid import UUID
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from aftercare.identity import NewShop, ShopView, new_shop
from aftercare.insights.reports import (
    Audience,
    NewReport,
    ReportNotFound,
    ReportPublished,
    ReportState,
    Span,
    delays,
    draft_due,
    pages,
    printing,
    transparency,
    verbs,
    wording,
)
from aftercare.insights.reports.model import (
    ChineseFontMissing,
    PageNotPublished,
    PromiseUnknown,
    ReportNotOpen,
    ReportSpanNotPossible,
    WarningNotOpen,
    WarningState,
)
from aftercare.insights.reports.pages import NewPage
from aftercare.insights.reports.verbs import ReportWords
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, Work, begin
from aftercare.kit.ids import new_id
from tests.conftest import NOON, Clock

MANAGER = frozenset(["insights.read", "insights.write", "reports.release", "shops.read", "journal.read"])
FEBRUARY = date(2026, 2, 1)


def manager(*shops: UUID, without: str = "") -> Actor:
    return Actor(
        ActorKind.staff, new_id(), frozenset(shops) if shops else None, MANAGER - {without}, locale="zh-CN"
    )


async def a_shop(house: House, code: str = "qinghe") -> ShopView:
    async with begin(house, now=NOON - timedelta(days=200)) as work:
        return await new_shop(work, NewShop(code=code, name="清和家居"))


async def delivered(house: House, shop: ShopView, on: datetime, *, in_time: int, late: int) -> None:
    """Orders promised for that time; the late ones came a day after."""
    async with begin(house, now=on) as work:
        await work.session.execute(
            text(
                """
                INSERT INTO customer (id, shop_id, external_id, name, locale, content, since)
                VALUES (:id, :shop, gen_random_uuid()::text, '王晓燕', 'zh-CN', '', :on) ON CONFLICT DO NOTHING
                """
            ),
            {"id": (customer := new_id()), "shop": shop.id, "on": on},
        )
        for number in range(in_time + late):
            await work.session.execute(
                text(
                    """
                    INSERT INTO sales_order (id, shop_id, number, number_key, external_id, source, customer_id, status, currency,
                      placed_at, paid_at, shipped_at, promised_at, delivered_at, goods_cents, discount_cents, freight_cents,
                      paid_cents, content, tsv, tokenizer)
                    VALUES (:id, :shop, CAST(:number AS text), CAST(:number AS text), CAST(:number AS text), 'test', :customer, 'delivered', 'CNY', :placed, :placed, :placed,
                      :promised, :delivered, 100, 0, 0, 100, '', '', 1)
                    """
                ),
                {
                    "id": new_id(),
                    "shop": shop.id,
                    "customer": customer,
                    "number": f"{shop.code}{on:%m%d}{number:04}",
                    "placed": on - timedelta(days=3),
                    "promised": on,
                    "delivered": on + timedelta(days=1) if number >= in_time else on - timedelta(hours=1),
                },
            )


async def drafted(house: House, actor: Actor, **given: object) -> UUID:
    async with begin(house, actor) as work:
        return await verbs.draft(work, NewReport(**{"since_on": FEBRUARY, **given}))


CONTENT: dict[str, object] = {
    "version": 1,
    "promises": [],
    "transparency": {"score": None, "target": 80, "parts": []},
    "counts": {"orders": 0, "cases": 0, "claims": 0},
    "kinds": [],
    "reasons": [],
    "refunded": [],
    "shops": [],
}


@pytest.fixture
def nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that are not about figures, which take a while to be found."""

    async def content_of(*_: object, **__: object) -> dict[str, object]:
        return CONTENT

    monkeypatch.setattr(verbs, "content_of", content_of)


def measure(content: dict[str, object], name: str) -> dict[str, object]:
    promises: list[dict[str, list[dict[str, object]]]] = content["promises"]  # type: ignore[assignment]
    return next(one for promise in promises for one in promise["measures"] if one["name"] == name)


async def test_figures_come_from_facts_and_change_with_them(house: House) -> None:
    shop = await a_shop(house)
    middle = datetime(2026, 2, 14, 4, tzinfo=NOON.tzinfo)
    await delivered(house, shop, middle, in_time=27, late=3)
    report_id = await drafted(house, manager(), shop_id=shop.id, audience=Audience.public)
    async with begin(house, manager()) as work:
        report = await verbs.get_report(work, report_id)
    told = measure(report.content, "deliveries")
    assert (told["value"], told["n"], told["numerator"], told["kept"]) == (0.9, 30, 27.0, False)
    assert (report.kept, report.judged, report.number) == (0, 3, None)
    assert "按时送达 90%（目标 ≥ 95%，样本 30）" in report.words["zh-CN"].summary
    assert "Delivered on time 90% (target ≥ 95%, n = 30)" in report.words["en"].summary
    assert report.words["zh-TW"].title == "清和家居服務承諾報告（2026 年 2 月）"
    assert "cost" not in [one["key"] for one in report.content["promises"]]
    await delivered(house, shop, middle + timedelta(days=1), in_time=90, late=0)
    async with begin(house, manager()) as work:
        await verbs.recount(work, report_id)
        again = await verbs.get_report(work, report_id)
    told = measure(again.content, "deliveries")
    assert (told["value"], told["n"], told["kept"]) == (0.975, 120, True)


async def test_too_few_are_no_number(house: House) -> None:
    shop = await a_shop(house)
    await delivered(house, shop, datetime(2026, 2, 14, 4, tzinfo=NOON.tzinfo), in_time=19, late=0)
    report_id = await drafted(house, manager(), shop_id=shop.id)
    async with begin(house, manager()) as work:
        report = await verbs.get_report(work, report_id)
    told = measure(report.content, "deliveries")
    assert (told["value"], told["low"], told["n"], told["kept"]) == (None, None, 19, None)


@pytest.mark.usefixtures("nothing_counted")
async def test_published_ones_are_numbered_without_gaps_and_never_change(house: House) -> None:
    shop, other = await a_shop(house), await a_shop(house, "danqing")
    first = await drafted(house, manager(), shop_id=shop.id)
    thrown = await drafted(house, manager(), shop_id=shop.id)
    second = await drafted(house, manager(), shop_id=shop.id, since_on=date(2026, 1, 1))
    elsewhere = await drafted(house, manager(), shop_id=other.id)
    async with begin(house, manager()) as work:
        await verbs.discard(work, thrown)
        assert await verbs.release(work, second) == "2026-001"
        assert await verbs.release(work, first) == "2026-002"
        assert await verbs.release(work, elsewhere) == "2026-001"
    async with begin(house, manager()) as work:
        report = await verbs.get_report(work, first)
        (row,) = (
            await work.session.execute(text("SELECT * FROM report WHERE id = :id"), {"id": first})
        ).all()
        assert report.digest == verbs.digest_of(row)
        for change in (
            verbs.reword(work, first, {"zh-CN": ReportWords(title="改", summary="改")}),
            verbs.recount(work, first),
            verbs.discard(work, first),
            verbs.release(work, first),
        ):
            with pytest.raises(ReportPublished):
                await change
        with pytest.raises(ReportNotOpen):
            await verbs.release(work, thrown)
    for statement in (
        "UPDATE report SET words = '{}' WHERE id = :id",
        "UPDATE report SET state = 'draft', published_at = NULL, year = NULL, serial = NULL, digest = NULL WHERE id = :id",
        "DELETE FROM report WHERE id = :id",
    ):
        with pytest.raises(IntegrityError, match="a published report never changes"):
            async with begin(house) as work:
                await work.session.execute(text(statement), {"id": first})
    async with begin(house) as work:
        facts = await work.session.execute(
            text(
                "SELECT data->>'number' AS number FROM fact WHERE name = 'report.published' ORDER BY position"
            )
        )
        assert [row.number for row in facts] == ["2026-001", "2026-002", "2026-001"]


@pytest.mark.usefixtures("nothing_counted")
async def test_what_is_wrong_is_put_right_by_another_that_names_it(house: House) -> None:
    shop = await a_shop(house)
    wrong = await drafted(house, manager(), shop_id=shop.id)
    async with begin(house, manager()) as work:
        with pytest.raises(ReportNotOpen):
            await verbs.correct(work, wrong)
        await verbs.reword(work, wrong, {"en": ReportWords(title="February", summary="As it was.")})
        await verbs.release(work, wrong)
        right = await verbs.correct(work, wrong)
        assert await verbs.release(work, right) == "2026-002"
        seen = {one.id: one for one in await verbs.list_reports(work, shop_id=shop.id)}
    assert (seen[right].corrects, seen[right].corrects_id) == ("2026-001", wrong)
    assert seen[right].words["en"].summary == "As it was."
    assert (seen[wrong].corrected_by, seen[wrong].state) == ("2026-002", ReportState.published)


@pytest.mark.usefixtures("nothing_counted")
async def test_who_may_and_which_days(house: House) -> None:
    shop, other = await a_shop(house), await a_shop(house, "danqing")
    report_id = await drafted(house, manager(), shop_id=shop.id)
    async with begin(house, manager(shop.id, without="reports.release")) as work:
        with pytest.raises(PermissionMissing):
            await verbs.release(work, report_id)
    async with begin(house, manager(other.id)) as work:
        with pytest.raises(ReportNotFound):
            await verbs.release(work, report_id)
        assert await verbs.list_reports(work) == []
    for given in (
        {"since_on": date(2026, 3, 1)},
        {"since_on": date(2026, 2, 2)},
        {"since_on": date(2026, 2, 1), "span": Span.quarter},
        {"since_on": date(2026, 2, 1), "span": Span.days, "until_on": date(2026, 2, 1)},
        {"since_on": date(2026, 2, 1), "span": Span.days},
    ):
        with pytest.raises(ReportSpanNotPossible):
            await drafted(house, manager(), shop_id=shop.id, **given)


@pytest.mark.usefixtures("nothing_counted")
async def test_the_worker_drafts_each_month_and_quarter_once(house: House, clock: Clock) -> None:
    await a_shop(house)
    clock.now = datetime(2026, 4, 2, 4, tzinfo=NOON.tzinfo)
    assert await draft_due(house) == 4
    assert await draft_due(house) == 0
    async with begin(house, manager()) as work:
        found = [
            (one.audience, one.span, one.since_on, one.by_worker) for one in await verbs.list_reports(work)
        ]
    assert sorted(found) == [
        ("house", "month", date(2026, 3, 1), True),
        ("house", "quarter", date(2026, 1, 1), True),
        ("public", "month", date(2026, 3, 1), True),
        ("public", "quarter", date(2026, 1, 1), True),
    ]
    clock.now = datetime(2026, 5, 1, 4, tzinfo=NOON.tzinfo)
    assert await draft_due(house) == 0
    clock.now = datetime(2026, 5, 2, 4, tzinfo=NOON.tzinfo)
    assert await draft_due(house) == 2


@pytest.mark.usefixtures("nothing_counted")
async def test_what_people_release_meanwhile_is_not_drafted_again(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await a_shop(house)
    clock.now = datetime(2026, 4, 2, 4, tzinfo=NOON.tzinfo)
    of_worker = verbs.draft

    async def draft(work: Work, new: NewReport, *, by_worker: bool) -> UUID:
        if new.shop_id is None and new.span is Span.month:
            async with begin(house, manager()) as other:
                of_people = await of_worker(
                    other, NewReport(shop_id=shop.id, audience=Audience.public, since_on=date(2026, 3, 1))
                )
                await verbs.release(other, of_people)
        return await of_worker(work, new, by_worker=by_worker)

    monkeypatch.setattr(verbs, "draft", draft)
    assert await draft_due(house) == 3
    async with begin(house, manager()) as work:
        march = [
            one for one in await verbs.list_reports(work) if one.audience == "public" and one.span == "month"
        ]
    assert [(one.state, one.by_worker) for one in march] == [("published", False)]


@pytest.mark.usefixtures("nothing_counted")
async def test_the_score_follows_its_formula(house: House, clock: Clock) -> None:
    shop = await a_shop(house)
    promises: list[dict[str, object]] = [
        {
            "key": "a",
            "measures": [
                {"name": "notices_right", "value": 0.9, "missing": None, "numerator": 90, "denominator": 100}
            ],
        },
        {"key": "b", "measures": [{"name": "csat", "value": None, "missing": "too_few"}]},
        {"key": "c", "measures": [{"name": "consistency", "value": None, "missing": "no_source"}]},
    ]
    since, until = datetime(2026, 2, 1, tzinfo=NOON.tzinfo), datetime(2026, 3, 1, tzinfo=NOON.tzinfo)
    asked = {"shop_id": shop.id, "since": since, "until": until, "since_on": FEBRUARY, "promises": promises}
    async with begin(house, manager()) as work:
        before = await transparency.score(work, **asked)  # type: ignore[arg-type]
    parts = {one["part"]: one["reached"] for one in before["parts"]}
    # The shop was there since the end of August: September to January, and the quarter from October, could have been told.
    assert parts == {"reports": 0.0, "figures": 0.5, "notices": 0.9, "warnings": 0.0}
    assert before["score"] == round(100 * (30 * 0 + 30 * 0.5 + 25 * 0.9 + 15 * 0) / 100) == 38
    for month in (9, 10, 11, 12):
        clock.now = datetime(2025 + month // 12, month % 12 + 1, 10, tzinfo=NOON.tzinfo)
        report = await drafted(
            house, manager(), shop_id=shop.id, audience=Audience.public, since_on=date(2025, month, 1)
        )
        async with begin(house, manager()) as work:
            await verbs.release(work, report)
    clock.now = NOON
    async with begin(house, manager()) as work:
        afterwards = await transparency.score(work, **asked)  # type: ignore[arg-type]
    assert afterwards["parts"][0] == {"part": "reports", "weight": 30, "reached": 4 / 6, "has": 4, "of": 6}
    assert afterwards["score"] == round(30 * 4 / 6 + 15 + 22.5) == 58
    # Of all shops: what each of them had to report, and did. Who sees one of them is told of that one.
    other = await a_shop(house, "shanye")
    async with begin(house, manager()) as work:
        every = await transparency.score(work, **{**asked, "shop_id": None})  # type: ignore[arg-type]
    assert every["parts"][0] == {"part": "reports", "weight": 30, "reached": 4 / 12, "has": 4, "of": 12}
    async with begin(house, manager(other.id)) as work:
        assert await transparency.reports_due(work, None, FEBRUARY) == (0, 6)


SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cell(book: ZipFile, sheet: int, name: str, column: str) -> tuple[str, str | None]:
    """What stands in that column of the first line that has this name, and how it is shown."""

    def tree(path: str) -> ElementTree.Element:
        return ElementTree.fromstring(book.read(f"xl/{path}.xml"))

    words = ["".join(one.itertext()) for one in tree("sharedStrings")]
    formats = {
        one.get("numFmtId"): one.get("formatCode") for one in tree("styles").iter(f"{SPREADSHEET}numFmt")
    }
    # Those that Excel has of its own.
    formats |= {"3": "#,##0", "4": "#,##0.00"}
    styles = tree("styles").find(f"{SPREADSHEET}cellXfs")
    assert styles is not None
    for row in tree(f"worksheets/sheet{sheet}").iter(f"{SPREADSHEET}row"):
        told = {}
        for one in row:
            value = one.findtext(f"{SPREADSHEET}v") or ""
            told[str(one.get("r")).rstrip("0123456789")] = (
                words[int(value)] if one.get("t") == "s" else value,
                formats.get(styles[int(one.get("s", 0))].get("numFmtId")),
            )
        if name in (told.get("A", ("",))[0], told.get("B", ("",))[0]) and column in told:
            return told[column]
    raise AssertionError(f"{name} has no {column}")


def test_a_time_that_keeps_its_median_and_not_its_part_says_why() -> None:
    first_answer = {
        "title": {"zh-CN": "首次回答", "en": "First answer"},
        "kind": "time", "good": "down", "value": 299.0, "low": None, "high": None, "n": 27, "before": None, "kept": False, "missing": None,
        "target": 300.0, "per_days": None, "share_target": 0.9, "limit_seconds": 3600, "within": 22 / 27, "currency": None,
    }  # fmt: skip
    content = {**CONTENT, "refunded": [], "promises": [{"kept": False, "measures": [first_answer]}]}
    told = wording.summary(content, "en")
    assert "First answer 4 min 59 s, 81.5% within 1 h (target ≤ 5 min; 90% within 1 h, n = 27)" in told
    assert "首次回答 4 分钟 59 秒，81.5% 在 1 小时内（目标" in wording.summary(content, "zh-CN")


async def test_on_paper_in_a_workbook_and_as_data(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await a_shop(house)
    await delivered(house, shop, datetime(2026, 2, 14, 4, tzinfo=NOON.tzinfo), in_time=27, late=3)
    report_id = await drafted(house, manager(), shop_id=shop.id, audience=Audience.public)
    async with begin(house, manager()) as work:
        await verbs.reword(work, report_id, {"zh-CN": ReportWords(title="=危险", summary="一行\n\n又一行")})
        await verbs.release(work, report_id)
        report = await verbs.get_report(work, report_id)
    promises: list[dict[str, list[dict[str, object]]]] = report.content["promises"]
    cost = {
        **promises[0]["measures"][0],
        "name": "cost_per_case", "title": {"zh-CN": "每件服务成本", "zh-TW": "每件服務成本", "en": "Service cost per case"}, "kind": "money", "unit": "minor_units",
        "currency": "CNY", "value": 850.0, "low": 665.26, "high": 1020.32, "numerator": 51410, "denominator": 61, "n": 61, "before": None,
    }  # fmt: skip
    promises.append({**promises[0], "measures": [cost]})
    with ZipFile(BytesIO(printing.workbook_of(report, "zh-CN"))) as book:
        assert "=危险" in book.read("xl/sharedStrings.xml").decode()
        assert "<f>" not in "".join(book.read(name).decode() for name in book.namelist() if "sheet" in name)
        # 90 % looks like one, a count has its unit, a day is a day.
        assert cell(book, 2, "按时送达", "C") == ("0.9", "0.0%")
        assert cell(book, 2, "延误预警发布", "D") == ("数量", None)
        assert cell(book, 3, "按时送达", "B")[1] == "yyyy-mm-dd"
        assert cell(book, 2, "每件服务成本", "C") == ("8.5", "#,##0.00")
    heads, rows = printing.rows_of(report, "en")
    line = dict(zip(heads, next(row for row in rows if row[2] == "cost_per_case"), strict=True))
    assert (line["value"], line["unit"], line["numerator"], line["n"]) == (8.5, "CNY", 514.1, 61)
    line = dict(zip(heads, next(row for row in rows if row[2] == "deliveries"), strict=True))
    assert (line["value"], line["n"], line["measure"]) == (0.9, 30, "Delivered on time")
    assert json.loads(report.model_dump_json())["digest"] == report.digest
    try:
        fonts = printing.fonts_for("zh-CN")
    except ChineseFontMissing:
        pytest.skip("no Chinese font here")
    for locale in ("zh-CN", "zh-TW", "en"):
        paper = printing.pdf_of(report, locale)
        assert paper.startswith(b"%PDF-")
        assert any(family.replace(" ", "").encode() in paper for family in (*fonts, "NotoSansCJK", "Inter"))
    monkeypatch.setattr(printing, "FONTS", dict.fromkeys(printing.FONTS, ("No Such Font",)))
    with pytest.raises(ChineseFontMissing) as refused:
        printing.pdf_of(report, "en")
    assert refused.value.status == 503
    assert "fonts-noto-cjk" in refused.value.title


async def test_warnings_are_drafted_ahead_and_counted(house: House, clock: Clock) -> None:
    shop = await a_shop(house)
    clock.now = datetime(2026, 10, 20, 4, tzinfo=NOON.tzinfo)
    for ago, late in ((3, 8), (20, 1)):
        await delivered(house, shop, clock.now - timedelta(days=ago), in_time=40 - late, late=late)
    assert await delays.draft_warnings(house) == 2
    assert await delays.draft_warnings(house) == 0
    async with begin(house, manager()) as work:
        found = {one.kind.value: one for one in await delays.list_warnings(work)}
        peak, fare = found["peak"], found["logistics"]
        assert (peak.begins_on, peak.ends_on, peak.state) == (date(2026, 11, 8), date(2026, 11, 18), "draft")
        assert peak.words["zh-CN"].title == "“双 11”大促期间包裹可能延误"
        assert fare.basis == {"late": 8, "n": 40, "late_before": 1, "n_before": 40}
        assert "最近 14 天有 20% 的包裹晚于承诺时间（共 40 件），之前四周是 2.5%" in fare.words["zh-CN"].text
        assert await delays.current_warnings(work, [shop.id]) == []
        await delays.publish_warning(work, peak.id)
        await delays.publish_warning(work, fare.id)
        with pytest.raises(WarningNotOpen):
            await delays.change_warning(work, peak.id, delays.WarningChange(ends_on=date(2026, 12, 1)))
        assert [one.id for one in await delays.current_warnings(work, [shop.id])] == [fare.id, peak.id]
    # From the 20th of October to the 20th of November.
    async with begin(house, manager()) as work:
        counted = await transparency.warnings_published(
            work, shop.id, clock.now, clock.now + timedelta(days=31)
        )
        assert counted == 2
        await delays.withdraw_warning(work, peak.id)
        assert {one.state for one in await delays.list_warnings(work)} == {
            WarningState.withdrawn,
            WarningState.published,
        }
        assert [one.id for one in await delays.current_warnings(work, [shop.id])] == [fare.id]


def test_the_peaks_of_a_year_follow_the_moon() -> None:
    assert delays.peaks_of(2026)["spring_festival"] == (date(2026, 2, 7), date(2026, 2, 27))
    assert delays.peaks_of(2028)["spring_festival"][0] == date(2028, 1, 18)
    assert delays.peaks_of(2026)["mid_year"] == (date(2026, 6, 14), date(2026, 6, 22))


async def test_a_shop_shows_what_it_chose_and_nothing_before(house: House) -> None:
    shop = await a_shop(house)
    await delivered(house, shop, NOON - timedelta(days=10), in_time=29, late=1)
    with pytest.raises(PageNotPublished):
        await pages.public_page(house, "qinghe")
    async with begin(house, manager(shop.id, without="reports.release")) as work:
        with pytest.raises(PermissionMissing):
            await pages.publish_page(work, shop.id, NewPage(shown=["deliveries"]))
    async with begin(house, manager(shop.id)) as work:
        with pytest.raises(PromiseUnknown):
            await pages.publish_page(work, shop.id, NewPage(shown=["cost"]))
        settings = await pages.publish_page(work, shop.id, NewPage(shown=["satisfaction", "deliveries"]))
        assert (settings.shown, settings.path) == (["satisfaction", "deliveries"], "/promises/qinghe")
    page = await pages.public_page(house, "qinghe")
    assert [one.key for one in page.promises] == ["satisfaction", "deliveries"]
    csat, on_time = page.promises[0].measures[0], page.promises[1].measures[0]
    assert (csat.value, csat.n) == (None, 0)
    assert (round(on_time.value or 0, 4), on_time.n) == (0.9667, 30)
    assert (page.transparency, page.reports, page.warnings) == (None, [], [])
    async with begin(house, manager(shop.id)) as work:
        await pages.withdraw_page(work, shop.id)
    with pytest.raises(PageNotPublished):
        await pages.public_page(house, "qinghe")

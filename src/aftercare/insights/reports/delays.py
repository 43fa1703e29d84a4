"""Warnings of delays: drafted from the calendar's peaks and from how parcels fare, published by a person, told to customers ahead."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import select, text

from aftercare import identity
from aftercare.insights.reports.events import (
    LogisticsWarningDrafted,
    LogisticsWarningPublished,
    LogisticsWarningWithdrawn,
)
from aftercare.insights.reports.model import (
    HOUSE,
    LogisticsWarning,
    WarningKind,
    WarningNotFound,
    WarningNotOpen,
    WarningState,
)
from aftercare.insights.reports.promises import LOCALES
from aftercare.insights.reports.telling import day, number, percent
from aftercare.insights.reports.verbs import HOUSE_ZONE, Locale
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.calendars import special_days, zone
from aftercare.kit.errors import NotAllowed
from aftercare.kit.text import clean, one_line

TOLD_AHEAD = timedelta(days=21)
"""So long before a peak its warning is drafted."""
ENOUGH = 20

FESTIVAL = ("Spring Festival", "春节", "Chinese New Year (Spring Festival)")
"""As the calendars call it, announced or reckoned."""

PEAKS: dict[str, dict[str, str]] = {
    "mid_year": {"zh-CN": "“618”大促", "zh-TW": "618 年中慶", "en": "the 618 sales"},
    "double_11": {"zh-CN": "“双 11”大促", "zh-TW": "雙 11 購物節", "en": "the Double 11 sales"},
    "double_12": {"zh-CN": "“双 12”大促", "zh-TW": "雙 12 購物節", "en": "the Double 12 sales"},
    "spring_festival": {"zh-CN": "春节", "zh-TW": "春節", "en": "the Spring Festival"},
    "national_day": {"zh-CN": "国庆假期", "zh-TW": "中國國慶假期", "en": "China's National Day holidays"},
    "christmas": {
        "zh-CN": "黑色星期五与圣诞季",
        "zh-TW": "黑色星期五與耶誕季",
        "en": "Black Friday and Christmas",
    },
}
TITLES = {
    "peak": {
        "zh-CN": "{peak}期间包裹可能延误",
        "zh-TW": "{peak}期間包裹可能延誤",
        "en": "Parcels may be late around {peak}",
    },
    "late": {
        "zh-CN": "近期部分包裹延误",
        "zh-TW": "近期部分包裹延誤",
        "en": "Some parcels are late these days",
    },
    "calm": {"zh-CN": "近期配送情况", "zh-TW": "近期配送情況", "en": "How parcels fare these days"},
}
TEXTS = {
    "peak": {
        "zh-CN": "{begins}至{ends}订单集中，预计每天约 {expected} 单，是平时的 {times} 倍。配送可能比承诺的晚 1 到 3 天；请提前下单，我们会在您的订单页随时更新进度。",
        "zh-TW": "{begins}至{ends}訂單集中，預計每天約 {expected} 筆，是平時的 {times} 倍。配送可能比承諾的晚 1 到 3 天；請提早下單，我們會在您的訂單頁隨時更新進度。",
        "en": "From {begins} to {ends} many order at once: we expect about {expected} orders a day, {times} times as many as usual. Parcels may"
        " arrive 1 to 3 days later than promised. Please order early; your order page always shows where your parcel is.",
    },
    "late": {
        "zh-CN": "最近 14 天有 {share} 的包裹晚于承诺时间（共 {n} 件），之前四周是 {before}。{carriers}我们正在与承运方处理；晚到的包裹可在订单页申请售后。",
        "zh-TW": "最近 14 天有 {share} 的包裹晚於承諾時間（共 {n} 件），之前四週是 {before}。{carriers}我們正在與物流業者處理；晚到的包裹可在訂單頁申請售後。",
        "en": "In the last 14 days {share} of {n} parcels came later than promised; in the four weeks before it was {before}. {carriers}We are"
        " working on it with the carriers; your order page shows what you can do about a late parcel.",
    },
    "calm": {
        "zh-CN": "最近 14 天有 {share} 的包裹晚于承诺时间（共 {n} 件），之前四周是 {before}；未来两周预计每天约 {expected} 单，配送时间与平时相同。",
        "zh-TW": "最近 14 天有 {share} 的包裹晚於承諾時間（共 {n} 件），之前四週是 {before}；未來兩週預計每天約 {expected} 筆，配送時間與平時相同。",
        "en": "In the last 14 days {share} of {n} parcels came later than promised; in the four weeks before it was {before}. For the next two"
        " weeks we expect about {expected} orders a day and the usual times.",
    },
}
CARRIERS = {
    "zh-CN": "延误最多的是 {names}。",
    "zh-TW": "延誤最多的是 {names}。",
    "en": "Most of them were with {names}. ",
}
PEAK_TIMES = {
    "mid_year": 1.8,
    "double_11": 2.5,
    "double_12": 1.5,
    "christmas": 1.6,
    "spring_festival": 1.3,
    "national_day": 1.2,
}
"""How many times the usual, where no earlier year tells."""


class WarningWords(BaseModel):
    title: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=200)]
    text: Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=2_000)]


class NewWarning(BaseModel):
    """Without a shop for all of them; both days included."""

    shop_id: UUID | None = None
    kind: WarningKind = WarningKind.logistics
    begins_on: date
    ends_on: date
    words: dict[Locale, WarningWords]


class WarningChange(BaseModel):
    """What is None stays."""

    begins_on: date | None = None
    ends_on: date | None = None
    words: dict[Locale, WarningWords] | None = None


class WarningView(BaseModel):
    id: UUID
    shop_id: UUID | None
    shop: str | None
    kind: WarningKind
    state: WarningState
    begins_on: date
    ends_on: date
    words: dict[str, WarningWords]
    basis: dict[str, Any]
    drafted_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None


class PublicWarning(BaseModel):
    """What customers are told, in every language that it was written in."""

    id: UUID
    kind: WarningKind
    begins_on: date
    ends_on: date
    words: dict[str, WarningWords]


async def new_warning(work: Work, new: NewWarning) -> UUID:
    """A draft written by a person. Needs `insights.write`. Refuses with WarningNotOpen for days that are over."""
    work.require("insights.write")
    await _may_warn(work, new.shop_id)
    if new.ends_on < max(new.begins_on, work.now.astimezone(zone(HOUSE_ZONE)).date()):
        raise WarningNotOpen(ends_on=new.ends_on)
    words: dict[str, Any] = {locale: told.model_dump() for locale, told in new.words.items()}
    warning_id = work.new_id()
    return await _draft(
        work, new.shop_id, f"own:{warning_id}", new.kind, new.begins_on, new.ends_on, words, {}, warning_id
    )


async def change_warning(work: Work, warning_id: UUID, change: WarningChange) -> None:
    """Of drafts. Needs `insights.write`. Refuses with WarningNotFound, WarningNotOpen."""
    work.require("insights.write")
    row = await _row(work, warning_id, WarningState.draft)
    begins, ends = change.begins_on or row.begins_on, change.ends_on or row.ends_on
    if ends < begins:
        raise WarningNotOpen(begins_on=begins, ends_on=ends)
    row.begins_on, row.ends_on = begins, ends
    if change.words is not None:
        row.words = {**row.words, **{locale: told.model_dump() for locale, told in change.words.items()}}
    await work.session.flush()


async def publish_warning(work: Work, warning_id: UUID) -> None:
    """From now on customers see it, until its last day. Needs `reports.release`. Refuses with WarningNotFound, WarningNotOpen."""
    work.require("reports.release")
    row = await _row(work, warning_id, WarningState.draft)
    row.state, row.published_at, row.published_by = WarningState.published, work.now, work.actor.id
    work.record(
        LogisticsWarningPublished(
            logistics_warning_id=row.id,
            shop_id=row.shop_id,
            kind=row.kind,
            begins_on=row.begins_on,
            ends_on=row.ends_on,
        )
    )
    await work.session.flush()


async def withdraw_warning(work: Work, warning_id: UUID) -> None:
    """A published one is taken back (`reports.release`), a draft discarded (`insights.write`)."""
    row = await _row(work, warning_id, WarningState.draft, WarningState.published)
    if row.state is WarningState.published:
        work.require("reports.release")
        row.state, row.withdrawn_at = WarningState.withdrawn, work.now
        work.record(
            LogisticsWarningWithdrawn(logistics_warning_id=row.id, shop_id=row.shop_id, kind=row.kind)
        )
    else:
        work.require("insights.write")
        row.state = WarningState.discarded
    await work.session.flush()


async def list_warnings(work: Work, *, shop_id: UUID | None = None, limit: int = 200) -> list[WarningView]:
    """The newest first, without discarded ones. Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(
        text(
            """
            SELECT w.id, w.shop_id, s.name AS shop, w.kind, w.state, w.begins_on, w.ends_on, w.words, w.basis, w.drafted_at,
              w.published_at, w.withdrawn_at
            FROM logistics_warning w LEFT JOIN shop s ON s.id = w.shop_id
            WHERE w.state <> 'discarded' AND (CAST(:shop AS uuid) IS NULL OR w.shop_id IS NULL OR w.shop_id = :shop)
            ORDER BY w.begins_on DESC, w.drafted_at DESC, w.id LIMIT :limit
            """
        ),
        {"shop": shop_id, "limit": limit},
    )
    return [WarningView.model_validate(row._mapping) for row in rows]


async def current_warnings(work: Work, shops: Sequence[UUID]) -> list[PublicWarning]:
    """Published, not over yet, for any of these shops. For anybody; whoever calls has begun a Work that sees them."""
    rows = await work.session.execute(
        text(
            """
            SELECT w.id, w.kind, w.begins_on, w.ends_on, w.words FROM logistics_warning w
            WHERE w.state = 'published' AND w.ends_on >= :today AND (w.shop_id IS NULL OR w.shop_id = ANY(:shops))
            ORDER BY w.begins_on, w.published_at
            """
        ),
        {"today": work.now.astimezone(zone(HOUSE_ZONE)).date(), "shops": list(shops)},
    )
    return [PublicWarning.model_validate(row._mapping) for row in rows]


async def _may_warn(work: Work, shop_id: UUID | None) -> None:
    if shop_id is not None:
        await identity.get_shop(work, shop_id)
    elif work.actor.shops is not None:
        raise NotAllowed(needed="every shop")


async def _row(work: Work, warning_id: UUID, *states: WarningState) -> LogisticsWarning:
    row = await work.session.scalar(
        select(LogisticsWarning).where(LogisticsWarning.id == warning_id).with_for_update()
    )
    if row is None:
        raise WarningNotFound(warning_id=warning_id)
    if row.state not in states:
        raise WarningNotOpen(warning_id=warning_id, state=row.state)
    return row


async def _draft(
    work: Work,
    shop_id: UUID | None,
    occasion: str,
    kind: WarningKind,
    begins_on: date,
    ends_on: date,
    words: dict[str, Any],
    basis: dict[str, Any],
    warning_id: UUID | None = None,
) -> UUID:
    row = LogisticsWarning(
        id=warning_id or work.new_id(),
        shop_id=shop_id,
        issuer=str(shop_id) if shop_id else HOUSE,
        occasion=occasion,
        kind=kind,
        state=WarningState.draft,
        begins_on=begins_on,
        ends_on=ends_on,
        words=words,
        basis=basis,
        drafted_at=work.now,
    )
    work.session.add(row)
    work.record(LogisticsWarningDrafted(logistics_warning_id=row.id, shop_id=shop_id, kind=kind))
    await work.session.flush()
    return row.id


# What the worker drafts

PARCELS = text(
    """
    SELECT o.promised_at >= :recent AS recent, h.carrier, count(*) AS n,
      count(*) FILTER (WHERE coalesce(o.delivered_at, :now) > o.promised_at) AS late
    FROM sales_order o LEFT JOIN LATERAL (SELECT carrier FROM shipment s WHERE s.order_id = o.id AND s.direction = 'outbound'
      ORDER BY s.announced_at, s.id LIMIT 1) h ON true
    WHERE o.promised_at >= :since AND o.promised_at < :now AND o.status <> 'cancelled' GROUP BY 1, 2
    """
)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('reports.draft_warnings', 0))")
ORDERS = text("SELECT count(*) FROM sales_order WHERE placed_at >= :since AND placed_at < :until")


def peaks_of(year: int) -> dict[str, tuple[date, date]]:
    """The peaks of a year, from the first day to the last; the Spring Festival by the holidays library."""
    festival = [
        on
        for on, special in special_days("CN", None, year).items()
        if not special.open and special.name in FESTIVAL and on.month <= 3
    ]
    found = {
        "mid_year": (date(year, 6, 14), date(year, 6, 22)),
        "double_11": (date(year, 11, 8), date(year, 11, 18)),
        "double_12": (date(year, 12, 10), date(year, 12, 15)),
        "national_day": (date(year, 9, 29), date(year, 10, 8)),
        "christmas": (date(year, 11, 24), date(year, 12, 24)),
    }
    if festival:
        # Carriers thin out a week before and are back a few days after.
        found["spring_festival"] = (min(festival) - timedelta(days=8), max(festival) + timedelta(days=4))
    return found


async def draft_warnings(house: House) -> int:
    """Drafts what is due: each peak three weeks ahead, and twice a month how parcels fare. For the worker's round; returns how many."""
    async with begin(house, SYSTEM) as work:
        await work.session.execute(ONE_AT_A_TIME)
        today = work.now.astimezone(zone(HOUSE_ZONE)).date()
        there = set(
            await work.session.scalars(
                select(LogisticsWarning.occasion).where(LogisticsWarning.issuer == HOUSE)
            )
        )
        drafts = 0
        for year in (today.year, today.year + 1):
            for name, (begins, ends) in peaks_of(year).items():
                occasion = f"{name}:{year}"
                if begins - TOLD_AHEAD <= today <= ends and occasion not in there:
                    await _draft_peak(work, name, occasion, begins, ends)
                    drafts += 1
        half = f"fare:{today:%Y-%m}{'a' if today.day <= 15 else 'b'}"
        if half not in there and await _draft_fare(work, half, today):
            drafts += 1
        return drafts


async def _orders_a_day(work: Work, until: datetime, days: int) -> float:
    since = until - timedelta(days=days)
    orders = await work.session.scalar(ORDERS, {"since": since, "until": until})
    return int(orders or 0) / days


async def _draft_peak(work: Work, name: str, occasion: str, begins: date, ends: date) -> None:
    """As many more as there were last year at that time, where that is known."""
    place = zone(HOUSE_ZONE)
    usual = await _orders_a_day(work, work.now, 28)
    year_ago = datetime.combine(ends.replace(year=ends.year - 1, day=min(ends.day, 28)), time.min, place)
    length = (ends - begins).days + 1
    then = await _orders_a_day(work, year_ago, length)
    before = await _orders_a_day(work, year_ago - timedelta(days=length + 14), 28)
    known = then * length >= ENOUGH and before * 28 >= ENOUGH and then > before
    times = round(then / before if known else PEAK_TIMES[name], 1)
    expected = round(usual * times)
    words = {
        locale: {
            "title": TITLES["peak"][locale].format(peak=PEAKS[name][locale]),
            "text": TEXTS["peak"][locale].format(
                begins=day(begins, locale),
                ends=day(ends, locale),
                expected=number(expected, locale),
                times=number(times, locale),
            ),
        }
        for locale in LOCALES
    }
    basis = {"peak": name, "usual_a_day": round(usual, 1), "times": times, "from_last_year": known}
    await _draft(work, None, occasion, WarningKind.peak, begins, ends, words, basis)


async def _draft_fare(work: Work, occasion: str, today: date) -> bool:
    """False when there are too few parcels to say anything."""
    recent = work.now - timedelta(days=14)
    rows = (
        await work.session.execute(
            PARCELS, {"since": recent - timedelta(days=28), "recent": recent, "now": work.now}
        )
    ).all()
    n = {of: sum(row.n for row in rows if row.recent is of) for of in (True, False)}
    late = {of: sum(row.late for row in rows if row.recent is of) for of in (True, False)}
    if n[True] < ENOUGH or n[False] < ENOUGH:
        return False
    share, before = late[True] / n[True], late[False] / n[False]
    worse = share > 0.05 and share > before * 1.2
    worst = sorted(
        (row for row in rows if row.recent and row.carrier and row.late), key=lambda row: -row.late
    )[:2]
    names = {
        locale: (" and " if locale == "en" else "、").join(row.carrier for row in worst) for locale in LOCALES
    }
    expected = round(await _orders_a_day(work, work.now, 28))
    kind = "late" if worse else "calm"
    words = {
        locale: {
            "title": TITLES[kind][locale],
            "text": TEXTS[kind][locale].format(
                share=percent(share, locale),
                n=number(n[True], locale),
                before=percent(before, locale),
                expected=number(expected, locale),
                carriers=CARRIERS[locale].format(names=names[locale]) if worst else "",
            ),
        }
        for locale in LOCALES
    }
    basis = {"late": late[True], "n": n[True], "late_before": late[False], "n_before": n[False]}
    await _draft(work, None, occasion, WarningKind.logistics, today, today + timedelta(days=14), words, basis)
    return True

"""Shops: what everything else belongs to."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from aftercare.identity.events import ShopAdded, ShopChanged
from aftercare.identity.model import Shop, ShopCodeTaken, ShopNotFound
from aftercare.journal import Memory, Work
from aftercare.kit.errors import NotAllowed, NotFound
from aftercare.kit.money import is_currency
from aftercare.kit.paging import Page, page, read_mark


@cache
def _zones() -> frozenset[str]:
    """Looking them up reads six hundred files."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("no such time zone")
    return name


def _known_locale(name: str) -> str:
    try:
        Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError) as unknown:
        raise ValueError("no such locale") from unknown
    return name


NO_COUNTRIES = frozenset({"EZ", "QO", "UN", "XA", "XB", "ZZ"})


@cache
def _lands() -> frozenset[str]:
    """ISO 3166 and EU, whose law we have: what the library has under two letters, without what is no country."""
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - NO_COUNTRIES


def _known_market(code: str) -> str:
    if code not in _lands():
        raise ValueError("no country has this code (ISO 3166, such as CN)")
    return code


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError("no currency has this code (ISO 4217, such as CNY)")
    return code


Zone = Annotated[str, AfterValidator(_known_zone)]
Market = Annotated[str, AfterValidator(_known_market)]
LocaleName = Annotated[str, Field(max_length=20), AfterValidator(_known_locale)]
Currency = Annotated[str, AfterValidator(_known_currency)]


class ShopView(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    code: str
    name: str
    market: str
    locale: str
    time_zone: str
    currency: str
    support_email: str | None
    return_address: dict[str, Any]
    settings: dict[str, Any]
    active: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class NewShop(BaseModel):
    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    name: str = Field(min_length=1, max_length=200)
    market: Market = "CN"
    locale: LocaleName = "zh-CN"
    time_zone: Zone = "Asia/Shanghai"
    currency: Currency = "CNY"
    support_email: str | None = Field(default=None, max_length=320)
    return_address: dict[str, Any] = {}
    settings: dict[str, Any] = {}


class ShopChange(BaseModel):
    """Only what is given changes."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    market: Market | None = None
    locale: LocaleName | None = None
    time_zone: Zone | None = None
    currency: Currency | None = None
    support_email: str | None = Field(default=None, max_length=320)
    return_address: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None
    active: bool | None = None


_shops: Memory[ShopView] = Memory()


async def new_shop(work: Work, new: NewShop) -> ShopView:
    """Needs `shops.write` for the whole group. Refuses with ShopCodeTaken."""
    work.require("shops.write")
    if work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    row = Shop(id=work.new_id(), created_at=work.now, active=True, **new.model_dump())
    try:
        async with work.session.begin_nested():
            work.session.add(row)
    except IntegrityError:
        raise ShopCodeTaken(shop_code=new.code) from None
    work.record(ShopAdded(shop_id=row.id))
    return ShopView.model_validate(row)


async def add_shops(work: Work, news: Sequence[NewShop]) -> dict[str, ShopView]:
    """Many at once, by code; a shop whose code is there already is given back as it is. Needs `shops.write` for the whole
    group."""
    work.require("shops.write")
    if work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    rows = [
        {"id": work.new_id(), "created_at": work.now, "active": True, **new.model_dump()}
        for new in {new.code: new for new in news}.values()
    ]
    if rows:
        added = await work.session.scalars(
            insert(Shop).on_conflict_do_nothing(index_elements=["code"]).returning(Shop.id), rows
        )
        for shop_id in added:
            work.record(ShopAdded(shop_id=shop_id))
    found = await work.session.execute(_select_shop().where(Shop.code.in_([row["code"] for row in rows])))
    return {row.code: ShopView.model_validate(row) for row in found}


async def get_shop(work: Work, shop_id: UUID) -> ShopView:
    """As it was at most ten seconds ago, and exactly as this work has changed it. Refuses with NotFound."""
    if not work.actor.sees(shop_id):
        raise NotFound(shop_id=shop_id)
    # What this work has changed is not committed yet and must not be remembered.
    own = shop_id in work.session.info.get("changed_shops", ())
    known = None if own else _shops.get(work.house, shop_id)
    if known is None:
        row = (await work.session.execute(_select_shop().where(Shop.id == shop_id))).one_or_none()
        if row is None:
            raise NotFound(shop_id=shop_id)
        known = ShopView.model_validate(row)
        if not own:
            _shops.put(work.house, shop_id, known)
    return known


async def find_shop(work: Work, code: str) -> ShopView:
    """The active shop of this code, as anybody may see it; as fresh as with `get_shop`. Refuses with ShopNotFound."""
    own = bool(work.session.info.get("changed_shops"))
    known = None if own else _shops.get(work.house, (work.actor.shops, code))
    if known is None:
        row = (await work.session.execute(_select_shop().where(Shop.code == code, Shop.active))).one_or_none()
        if row is None:
            raise ShopNotFound(shop_code=code)
        known = ShopView.model_validate(row)
        if not own:
            _shops.put(work.house, (work.actor.shops, code), known)
    return known


async def list_shops(
    work: Work,
    *,
    only_active: bool = False,
    search: str | None = None,
    after: str | None = None,
    limit: int = 200,
) -> Page[ShopView]:
    """The shops that the actor sees, by name; first those that speak the actor's language."""
    foreign = func.split_part(Shop.locale, "-", 1) != work.actor.locale.partition("-")[0]
    query = _select_shop().add_columns(foreign.label("foreign"))
    query = query.order_by(foreign, Shop.name, Shop.id).limit(limit + 1)
    if work.actor.shops is not None:
        query = query.where(Shop.id.in_(work.actor.shops))
    if only_active:
        query = query.where(Shop.active)
    if search:
        query = query.where(
            Shop.name.icontains(search, autoescape=True) | Shop.code.icontains(search, autoescape=True)
        )
    begins = read_mark(after, (bool, str, UUID))
    if begins:
        query = query.where(tuple_(foreign, Shop.name, Shop.id) > tuple_(*begins))
    rows = (await work.session.execute(query)).all()
    kept, following = page(rows, limit, lambda row: (row.foreign, row.name, row.id))
    return Page(items=[ShopView.model_validate(row) for row in kept], next=following)


async def shops_of_market(work: Work, market: str) -> Sequence[UUID]:
    """The shops of a country (ISO 3166) that the actor sees."""
    query = select(Shop.id).where(Shop.market == market).order_by(Shop.id)
    if work.actor.shops is not None:
        query = query.where(Shop.id.in_(work.actor.shops))
    return (await work.session.scalars(query)).all()


async def shops_exist(work: Work, shops: Collection[UUID]) -> None:
    """Refuses with NotFound when one of them does not exist or is not the actor's to see."""
    known = set(await work.session.scalars(select(Shop.id).where(Shop.id.in_(shops))))
    for shop_id in shops:
        if shop_id not in known or not work.actor.sees(shop_id):
            raise NotFound(shop_id=shop_id)


async def change_shop(work: Work, shop_id: UUID, change: ShopChange) -> ShopView:
    """Needs `shops.write`. Refuses with NotFound."""
    work.require("shops.write")
    before = await _locked(work, shop_id)
    given = {
        field: value
        for field, value in change.model_dump(exclude_unset=True).items()
        if (value is not None or field == "support_email") and getattr(before, field) != value
    }
    if not given:
        return before
    await work.session.execute(update(Shop).where(Shop.id == shop_id).values(**given))
    work.session.info.setdefault("changed_shops", set()).add(shop_id)
    _shops.forget_with(work, lambda _, known: known.id == shop_id)
    work.record(ShopChanged(shop_id=shop_id, fields=sorted(given)))
    return before.model_copy(update=given)


async def _locked(work: Work, shop_id: UUID) -> ShopView:
    if not work.actor.sees(shop_id):
        raise NotFound(shop_id=shop_id)
    row = (
        await work.session.execute(_select_shop().where(Shop.id == shop_id).with_for_update())
    ).one_or_none()
    if row is None:
        raise NotFound(shop_id=shop_id)
    return ShopView.model_validate(row)


def _select_shop() -> Select[Any]:
    return select(*(getattr(Shop, field) for field in ShopView.model_fields))

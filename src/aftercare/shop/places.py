"""Postal areas and the names of categories: what belongs to no shop."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from aftercare.journal import Work
from aftercare.shop.intake import Count
from aftercare.shop.model import CategoryName, PostalArea

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class PostalAreaRecord:
    country: str
    prefix: str
    latitude: float
    longitude: float
    city: str
    state: str
    points: int


async def put_postal_areas(work: Work, areas: Sequence[PostalAreaRecord]) -> Count:
    """Needs `orders.import`. What is known and not told again stays."""
    work.require("orders.import")
    known = {
        (row.country, row.prefix): PostalAreaRecord(*row)
        for row in await work.session.execute(
            select(
                PostalArea.country,
                PostalArea.prefix,
                PostalArea.latitude,
                PostalArea.longitude,
                PostalArea.city,
                PostalArea.state,
                PostalArea.points,
            ).where(PostalArea.country.in_({area.country for area in areas}))
        )
    }
    other = [area for area in areas if known.get((area.country, area.prefix)) != area]
    for start in range(0, len(other), AT_ONCE):
        put = insert(PostalArea)
        await work.session.execute(
            put.on_conflict_do_update(
                index_elements=["country", "prefix"],
                set_={
                    name: put.excluded[name] for name in ("latitude", "longitude", "city", "state", "points")
                },
            ),
            [asdict(area) for area in other[start : start + AT_ONCE]],
        )
    new = sum(1 for area in other if (area.country, area.prefix) not in known)
    return Count(new=new, changed=len(other) - new, same=len(areas) - len(other))


async def put_category_names(work: Work, source: str, names: Mapping[str, str]) -> Count:
    """What a store's own words for its categories mean in English. Needs `orders.import`."""
    work.require("orders.import")
    known = {
        row.code: row.name
        for row in await work.session.execute(
            select(CategoryName.code, CategoryName.name).where(CategoryName.source == source)
        )
    }
    other = {code: name for code, name in names.items() if known.get(code) != name}
    if other:
        put = insert(CategoryName)
        await work.session.execute(
            put.on_conflict_do_update(index_elements=["source", "code"], set_={"name": put.excluded.name}),
            [{"source": source, "code": code, "name": name} for code, name in other.items()],
        )
    new = len(other.keys() - known.keys())
    return Count(new=new, changed=len(other) - new, same=len(names) - len(other))

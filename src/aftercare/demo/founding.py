"""Before the year begins: the shops, the people, the hours, the promises, the policies, the stores and the stock."""

import asyncio
from datetime import datetime, timedelta
from random import Random
from typing import Any

from aftercare import claims, identity, logistics, people, promises, shop, supply
from aftercare.demo.knowing import write_articles
from aftercare.demo.looking import read
from aftercare.demo.purchases import product_records
from aftercare.demo.scene import STORE_SYSTEM, Stage
from aftercare.demo.talking import find_ways, open_ways, write_macros
from aftercare.identity import NewAccount, NewShop
from aftercare.journal import SYSTEM, House, begin

OPEN_ALL_WEEK = [["09:00-12:00", "13:00-21:00"]] * 7
OFFICE_WEEK = [["09:00-12:00", "13:00-18:00"]] * 5 + [[], []]


async def found(house: House, stage: Stage, at: datetime) -> None:
    world = stage.world
    hashes = await asyncio.gather(*(identity.hash_password(row[6]) for row in read("people")["staff"]))
    async with begin(house, SYSTEM, now=at) as work:
        await identity.seed_roles(work)
        for of in world.shops:
            stage.shops[of["code"]] = await identity.new_shop(
                work, NewShop(**{name: of[name] for name in NewShop.model_fields if name in of})
            )
        ids = {code: view.id for code, view in stage.shops.items()}
        for row, hashed in zip(read("people")["staff"], hashes, strict=True):
            role, name, email, shops, skills, languages, _ = row
            account = await identity.create_account(
                work,
                NewAccount(email=email, name=name, role=role, shops=[ids[code] for code in shops] or None),
                password_hash=hashed,
            )
            stage.enlist(role, account.id, shops)
            if role in ("agent", "supervisor"):
                await people.set_profile(
                    work,
                    account.id,
                    people.MemberProfile(
                        skills=skills,
                        languages=languages,
                        capacity=80 if role == "agent" else 15,
                        working=role == "agent",
                        shop_ids=[ids[code] for code in shops or ids],
                    ),
                )
    owner = stage.staff["owner"][0][0]
    async with begin(house, owner, now=at + timedelta(hours=1)) as work:
        await promises.make_calendar(
            work, None, promises.CalendarHours(time_zone="Asia/Shanghai", country="CN", week=OPEN_ALL_WEEK)
        )
        await promises.make_calendar(
            work,
            ids["qinghe-europe"],
            promises.CalendarHours(time_zone="Europe/Berlin", country="DE", week=OFFICE_WEEK),
        )
        for name, length, reason in (
            ("case.first_answer", timedelta(hours=1), "首响一小时，午休不计"),
            ("case.next_answer", timedelta(hours=2), "后续回复两小时内"),
            ("case.resolution", timedelta(hours=99), "九个工作日内了结"),
        ):
            await promises.set_policy(
                work, None, promises.NewPolicy(name=name, length=length, business=True, reason=reason)
            )
        await promises.set_policy(
            work,
            ids["shanye-food"],
            promises.NewPolicy(
                name="case.first_answer",
                length=timedelta(minutes=30),
                business=True,
                reason="生鲜半小时内必答",
            ),
        )
        for code in ids:
            await _stores(work, ids[code], code)
    async with begin(house, owner, now=at + timedelta(hours=2)) as work:
        await _policies(work, ids)
        await write_articles(work, ids)
        for view in stage.shops.values():
            await open_ways(work, view)
            await write_macros(work, view)
    async with begin(house, STORE_SYSTEM, now=at + timedelta(hours=3)) as work:
        await shop.take_in(
            work,
            customers=[buyer.record(ids[buyer.shop]) for buyer in world.buyers],
            products=[
                record
                for of in world.shops
                for record in product_records(of["code"], ids[of["code"]], of["currency"], of["category"])
            ],
        )
    await _stock(house, stage, at + timedelta(hours=4))


async def _stores(work: Any, shop_id: Any, code: str) -> None:
    for number, (name, street) in enumerate(
        (("社区驿站·一号店", "桂花路 18 号"), ("社区驿站·二号店", "青年路 206 号")), 1
    ):
        await logistics.save_service_point(
            work,
            logistics.NewServicePoint(
                shop_id=shop_id,
                code=f"{code}-{number:02d}",
                name=name if code != "qinghe-europe" else f"Paketladen Beispiel {number}",
                address={"line1": street, "city": "苏州市"},
                hours="08:00-21:00",
            ),
        )


async def _policies(work: Any, ids: dict[str, Any]) -> None:
    """The clothing shop has published its own, and a wider one is a draft; so is a stricter one of the appliances shop."""
    usual = claims.default_policy().model_dump(mode="json", exclude={"version"})
    for grant in usual["grants"]:
        if grant["id"] in ("shop.no_reason_7", "shop.other_size_7"):
            grant["window"]["days"] = 15
            grant["id"] = grant["id"].replace("_7", "_15")
    saved = await claims.save_policy(work, ids["sulu-wear"], {**_with_people(usual), "id": "sulu-wear"})
    await claims.publish_policy(work, ids["sulu-wear"], saved.version)
    await claims.save_policy(work, ids["sulu-wear"], {**usual, "id": "sulu-wear"})
    strict = claims.default_policy().model_dump(mode="json", exclude={"version"})
    await claims.save_policy(work, ids["qinghe-home"], {**_with_people(strict), "id": "qinghe-home"})


def _with_people(policy: dict[str, Any]) -> dict[str, Any]:
    """From 200 yuan on somebody looks at what is sent back for no reason."""
    automatic = [
        {**rule, "when": [{**rule["when"][0], "value": 20_000}, *rule["when"][1:]]}
        if rule["id"] == "auto.plain_return"
        else rule
        for rule in policy["automatic"]
    ]
    return {**policy, "automatic": automatic}


async def gather(house: House, stage: Stage) -> None:
    """Finds again what `found` has made, for life after the story."""
    async with begin(house, SYSTEM) as work:
        for of in stage.world.shops:
            stage.shops[of["code"]] = await identity.find_shop(work, of["code"])
            for product in await shop.find_products(work, stage.shops[of["code"]].id, limit=200):
                stage.products[of["code"], product.sku] = product.id
        for role, _, email, shops, *_ in read("people")["staff"]:
            account = await identity.find_account(work, email)
            stage.enlist(role, account.id, shops)
        await find_ways(work, stage)
    await stage.develop(house)


async def _stock(house: House, stage: Stage, at: datetime) -> None:
    rng = Random(f"stock {stage.world.seed}")
    async with begin(house, SYSTEM, now=at) as work:
        for code, view in stage.shops.items():
            found = await shop.find_products(work, view.id, limit=200)
            for product in found:
                stage.products[code, product.sku] = product.id
                await supply.post_stock(
                    work,
                    product.id,
                    rng.randint(60, 400),
                    "main",
                    supply.Condition.sellable,
                    supply.MovementReason.delivery,
                    key=f"opening {product.id}",
                )

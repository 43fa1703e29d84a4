"""Cases over HTTP: shapes, status, access."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from aftercare.journal import Actor, House
from aftercare.kit.files import Files
from tests.cases.given import World, a_case, a_world, buyer
from tests.given.web import signed_in
from tests.kit.test_files import FORM, PNG

Browser = Callable[[Actor], httpx.AsyncClient]
MULTIPART = {"Content-Type": "multipart/form-data; boundary=xyz"}


@pytest.fixture
def browser(house: House, tmp_path: Path) -> Browser:
    """A client that is signed in as whoever is given; signing in itself is shown elsewhere."""
    house.ports = {Files: Files(str(tmp_path), largest=10_000)}

    return partial(signed_in, house)


@pytest.fixture
async def world(house: House) -> World:
    return await a_world(house)


async def test_the_desk_answers_takes_and_closes(browser: Browser, world: World) -> None:
    case = await a_case(world)
    async with browser(world.mei) as desk:
        (row,) = (await desk.get("/cases", params={"view": "waiting"})).json()["items"]
        assert (row["number"], row["waiting_for"], row["ring"]["name"]) == (
            case.number,
            "shop",
            "case.first_answer",
        )
        assert (await desk.get("/cases/counts")).json()["unassigned"] == 1
        assert (await desk.post(f"/cases/{case.id}/take")).json()["owner_id"] == str(world.mei.id)
        said = await desk.post(f"/cases/{case.id}/messages", json={"body": "您好", "key": "tab-1-0001"})
        again = await desk.post(f"/cases/{case.id}/messages", json={"body": "您好", "key": "tab-1-0001"})
        assert (said.status_code, said.json()["again"], again.json()["again"]) == (201, False, True)
        assert (await desk.post(f"/cases/{case.id}/notes", json={"body": "记一下"})).status_code == 201
        assert (await desk.put(f"/cases/{case.id}/draft", json={"body": "再"})).status_code == 204
        refused = await desk.post(f"/cases/{case.id}/close", json={"closing": "followed_up"})
        assert (refused.status_code, refused.json()["code"]) == (409, "not_closed_by_silence")
        await desk.put(f"/cases/{case.id}/stage", json={"stage": "followed_up"})
        closed = await desk.post(f"/cases/{case.id}/close", json={"closing": "followed_up"})
        assert (closed.status_code, closed.json()["status"]) == (200, "closed")
        page = (await desk.get(f"/cases/{case.id}")).json()
        assert ([one["body"] for one in page["messages"]], page["actions"]) == (
            ["接头处一直滴水", "您好", "记一下"],
            ["say", "note", "hand_over", "release", "reopen"],
        )
        names = [one["name"] for one in (await desk.get(f"/cases/{case.id}/timeline")).json()["items"]]
        assert [name for name in names if name.startswith("case.")] == [
            "case.closed",
            "case.stage_set",
            "case.assigned",
            "case.opened",
        ]


async def test_the_customer_sees_own_matters_and_nothing_of_the_desk(
    browser: Browser, world: World, house: House
) -> None:
    stranger, _, _ = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    async with browser(world.customer) as phone:
        opened = await phone.post(
            "/my/cases",
            json={
                "shop_id": str(world.shop_id),
                "customer_id": str(world.customer_id),
                "order_id": str(world.order_id),
                "title": "漏水",
                "body": "滴水",
            },
        )
        assert opened.status_code == 201
        case_id = opened.json()["id"]
        async with browser(world.mei) as desk:
            await desk.post(f"/cases/{case_id}/notes", json={"body": "内部"})
            await desk.post(f"/cases/{case_id}/messages", json={"body": "您好"})
        page = (await phone.get(f"/my/cases/{case_id}")).json()
        assert [(one["author_name"], one["body"]) for one in page["messages"]] == [
            ("王晓梅", "滴水"),
            ("mei", "您好"),
        ]
        assert "内部" not in (await phone.get(f"/my/cases/{case_id}/messages")).text
        assert "note" not in (await phone.get(f"/my/cases/{case_id}/timeline")).text
        assert [one["id"] for one in (await phone.get("/my/cases")).json()] == [case_id]
        assert (await phone.post(f"/my/cases/{case_id}/messages", json={"body": "谢谢"})).status_code == 201
        for path in ("/cases", "/cases/counts", f"/cases/{case_id}", f"/cases/{case_id}/messages"):
            assert (await phone.get(path)).status_code == 403
        assert (await phone.post(f"/cases/{case_id}/take")).status_code == 403
        closed = await phone.post(f"/my/cases/{case_id}/close", json={"closing": "confirmed"})
        assert closed.json()["status"] == "closed"
    async with browser(stranger) as phone:
        for path in ("", "/messages", "/timeline"):
            assert (await phone.get(f"/my/cases/{case_id}{path}")).status_code == 404
    async with browser(world.mei) as desk:
        assert (await desk.get("/my/cases")).status_code == 401


async def test_a_file_goes_up_is_shown_and_comes_down_in_parts(
    browser: Browser, world: World, house: House
) -> None:
    case = await a_case(world)
    stranger, _, _ = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    async with browser(world.customer) as phone:
        up = await phone.post(f"/my/cases/{case.id}/files", content=FORM, headers=MULTIPART)
        assert (up.status_code, up.json()["name"], up.json()["media_type"]) == (201, "漏.png", "image/png")
        file_id = up.json()["id"]
        said = await phone.post(f"/my/cases/{case.id}/messages", json={"file_ids": [file_id]})
        assert said.status_code == 201
        down = await phone.get(f"/files/{file_id}")
        assert (down.status_code, down.content, down.headers["content-type"]) == (200, PNG, "image/png")
        assert down.headers["content-security-policy"].startswith("sandbox")
        part = await phone.get(f"/files/{file_id}", headers={"Range": "bytes=1-3"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (
            206,
            b"PNG",
            f"bytes 1-3/{len(PNG)}",
        )
        for content, status, code in (
            (FORM.replace(PNG, b"<html><script>"), 415, "type_not_allowed"),
            (FORM.replace(PNG, PNG + bytes(10_000)), 413, "too_large"),
            (FORM.replace(PNG, b""), 422, "empty_file"),
            (b"--xyz--", 422, "upload_unreadable"),
        ):
            refused = await phone.post(f"/my/cases/{case.id}/files", content=content, headers=MULTIPART)
            assert (refused.status_code, refused.json()["code"]) == (status, code)
    async with browser(stranger) as phone:
        assert (await phone.get(f"/files/{file_id}")).status_code == 404
        up = await phone.post(f"/my/cases/{case.id}/files", content=FORM, headers=MULTIPART)
        assert up.status_code == 404


async def test_odd_input_is_answered_without_a_fault(browser: Browser, world: World) -> None:
    case = await a_case(world)
    async with browser(world.mei) as desk:
        for query in ("q=%00", "q='|\\", "tag=%00x", "linked=%00", "after=x", "view=none", "limit=0"):
            assert (await desk.get(f"/cases?{query}")).status_code in (200, 422), query
        for body in (
            {"until": "9999-12-31T23:59:59-14:00"},
            {"until": "0001-01-01T00:00:00Z"},
            {"until": "x"},
        ):
            answer = await desk.put(f"/cases/{case.id}/snooze", json=body)
            assert answer.status_code in (200, 422), body
        for tags in (["\x00"], ["x" * 50], [str(number) for number in range(30)]):
            assert (await desk.put(f"/cases/{case.id}/tags", json={"tags": tags})).status_code in (200, 422)
        odd = {"name": "\x00", "filters": {"words": "\x00"}}
        assert (await desk.post("/cases/views", json=odd)).status_code in (201, 422)


async def test_a_customers_merged_matter_is_the_one_that_it_goes_on_in(
    browser: Browser, world: World
) -> None:
    first, second = await a_case(world), await a_case(world, "又漏水了")
    async with browser(world.mei) as desk:
        assert (
            await desk.post(f"/cases/{first.id}/merge", json={"into_case_id": str(second.id)})
        ).status_code in (200, 201)
    async with browser(world.customer) as portal:
        assert [one["number"] for one in (await portal.get("/my/cases")).json()] == [second.number]
        page = (await portal.get(f"/my/cases/{first.id}")).json()
        assert page["case"]["number"] == second.number
        # An old tab still knows the old one.
        said = await portal.post(f"/my/cases/{first.id}/messages", json={"body": "今天还在漏"})
        assert said.status_code == 201
        bodies = [
            one["body"] for one in (await portal.get(f"/my/cases/{second.id}/messages")).json()["items"]
        ]
        assert "今天还在漏" in bodies
    async with browser(world.mei) as desk:
        assert (await desk.get(f"/cases/{first.id}")).json()["case"]["status"] == "closed"
    stranger, _, _ = await buyer(world.house, world.shop_id, "other-2", "李雷", "+8613900139001")
    async with browser(stranger) as portal:
        assert (await portal.get(f"/my/cases/{first.id}")).status_code == 404

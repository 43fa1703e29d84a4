"""What the desk joins and divides it can take back, over HTTP: cases, and whose a contact is."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from aftercare.cases import say
from aftercare.conversations import Channel
from aftercare.journal import House, begin, drain
from tests.cases.given import a_case, a_world, clocks, facts, names
from tests.cases.test_routes import Browser
from tests.cases.test_routes import browser as browser
from tests.conftest import Clock
from tests.conversations.given import an_account, comes


async def test_merging_and_splitting_are_taken_back(house: House, browser: Browser) -> None:
    world = await a_world(house)
    first, second = await a_case(world, "净水器漏水"), await a_case(world, "还是漏水")
    async with browser(world.mei) as desk:
        merged = await desk.post(f"/cases/{second.id}/merge", json={"into_case_id": str(first.id)})
        assert merged.status_code == 200, merged.text
        (move,) = (await desk.get(f"/cases/{second.id}/moves")).json()
        assert (await desk.get(f"/cases/{second.id}")).json()["case"]["status"] == "closed"
        said = (await desk.get(f"/cases/{first.id}/messages")).json()["items"]
        assert len([one for one in said if one["kind"] == "message"]) == 2

        assert (await desk.post(f"/case-moves/{move['id']}/undo")).status_code == 200
        assert (await desk.get(f"/cases/{second.id}")).json()["case"]["status"] == "open"
        said = (await desk.get(f"/cases/{first.id}/messages")).json()["items"]
        assert len([one for one in said if one["kind"] == "message"]) == 1
        again = await desk.post(f"/case-moves/{move['id']}/undo")
        assert again.status_code == 404

        await desk.post(f"/cases/{first.id}/notes", json={"body": "两件事", "key": "note-0001"})
        (asked,) = [one for one in said if one["kind"] == "message"]
        await desk.post(f"/cases/{first.id}/messages", json={"body": "您好", "key": "answer-0001"})
        divided = await desk.post(
            f"/cases/{first.id}/split", json={"message_ids": [asked["id"]], "title": "另一件事"}
        )
        assert divided.status_code == 201, divided.text
        new = divided.json()["into_case_id"]
        moved = (await desk.get(f"/cases/{new}/messages")).json()["items"]
        assert [one["id"] for one in moved if one["kind"] == "message"] == [asked["id"]]
        assert (await desk.post(f"/case-moves/{divided.json()['id']}/undo")).status_code == 200
        back = (await desk.get(f"/cases/{first.id}/messages")).json()["items"]
        assert asked["id"] in [one["id"] for one in back]


async def test_a_solved_case_is_solved_again_when_its_merging_is_taken_back(
    house: House, browser: Browser
) -> None:
    world = await a_world(house)
    first, second = await a_case(world, "净水器漏水"), await a_case(world, "还是漏水")
    async with browser(world.mei) as desk:
        await desk.post(f"/cases/{second.id}/messages", json={"body": "您好", "key": "answer-0001"})
        assert (await desk.post(f"/cases/{second.id}/solve")).status_code == 200
        merged = await desk.post(f"/cases/{second.id}/merge", json={"into_case_id": str(first.id)})
        assert (await desk.post(f"/case-moves/{merged.json()['id']}/undo")).status_code == 200
        assert (await desk.get(f"/cases/{second.id}")).json()["case"]["status"] == "solved"


async def test_a_slip_that_ended_a_case_is_taken_back(house: House, browser: Browser, clock: Clock) -> None:
    """Closed or solved by mistake, it stands as it stood; who waited goes on waiting since when they wrote."""
    world = await a_world(house)
    case = await a_case(world)
    before = await clocks(house, case.id)
    async with browser(world.mei) as desk:

        async def told() -> dict[str, Any]:
            shown: dict[str, Any] = (await desk.get(f"/cases/{case.id}")).json()["case"]
            return {
                key: shown[key] for key in ("status", "closing", "closed_at", "solved_at", "waiting_since")
            }

        async def undo(status: str) -> Any:
            return await desk.post(f"/cases/{case.id}/undo-ending", json={"status": status})

        stood = await told()
        assert stood["waiting_since"] is not None
        assert (await undo("open")).json()["code"] == "move_not_possible"
        await desk.post(f"/cases/{case.id}/close", json={"closing": "spam"})
        assert (await told())["closing"] == "spam"
        assert (await undo("open")).status_code == 200
        assert (await told(), await clocks(house, case.id)) == (stood, before)

        await desk.post(f"/cases/{case.id}/messages", json={"body": "您好", "key": "answer-0001"})
        stood, before = await told(), await clocks(house, case.id)
        await desk.post(f"/cases/{case.id}/solve")
        assert (await undo("solved")).json()["code"] == "move_not_possible"
        assert (await undo("waiting_customer")).status_code == 200
        assert (await told(), await clocks(house, case.id)) == (stood, before)

        await desk.post(f"/cases/{case.id}/solve")
        solved = await told()
        await desk.post(f"/cases/{case.id}/close", json={"closing": "confirmed"})
        assert (await undo("solved")).status_code == 200
        assert await told() == solved

        clock.now += timedelta(minutes=11)
        late = await undo("waiting_customer")
        assert (late.status_code, late.json()["code"]) == (409, "ended_too_long_ago")
        assert (await told())["status"] == "solved"


async def test_a_thank_you_needs_no_answer(house: House, browser: Browser) -> None:
    world = await a_world(house)
    case = await a_case(world)
    async with browser(world.mei) as desk:
        await desk.post(f"/cases/{case.id}/messages", json={"body": "已寄出新接头", "key": "answer-0001"})
    async with begin(house, world.customer) as work:
        await say(work, case.id, "收到，谢谢！")
    async with browser(world.mei) as desk:

        async def told() -> dict[str, Any]:
            page = (await desk.get(f"/cases/{case.id}")).json()
            ways = [way for way in page["actions"] if way.startswith("solve")]
            return {"ways": ways} | {
                key: page["case"][key] for key in ("status", "solved_at", "waiting_since")
            }

        stood, before = await told(), await clocks(house, case.id)
        assert (stood["ways"], before["case.next_answer"]) == (["solve_unanswered"], "running")
        assert (await desk.post(f"/cases/{case.id}/solve")).json()["code"] == "answer_first"
        assert (await desk.post(f"/cases/{case.id}/solve?unanswered=true")).status_code == 200
        after = await told()
        assert (after["status"], after["waiting_since"], after["ways"]) == ("solved", None, [])
        assert await clocks(house, case.id) == {
            "case.first_answer": "kept",
            "case.next_answer": "cancelled",
            "case.resolution": "kept",
        }
        undone = await desk.post(f"/cases/{case.id}/undo-ending", json={"status": stood["status"]})
        assert undone.status_code == 200
        assert (await told(), await clocks(house, case.id)) == (stood, before)


async def test_whose_a_contact_is_is_said_by_hand_and_taken_back(
    house: House, browser: Browser, tmp_path: Path
) -> None:
    world = await a_world(house)
    account = await an_account(house, world.shop_id, Channel.telegram, "house_bot")
    got = await comes(house, account, "4711", "我的净水器漏水")
    await drain(house)
    async with browser(world.mei) as desk:
        (contact,) = (await desk.get(f"/cases/{got.case_id}/contacts")).json()
        assert contact["customer_id"] is None
        joined = await desk.post(
            f"/contacts/{contact['id']}/join", json={"customer_id": str(world.customer_id)}
        )
        assert (joined.status_code, joined.json()["verified_by"]) == (200, "hand")
        case = (await desk.get(f"/cases/{got.case_id}")).json()["case"]
        assert case["customer_id"] == str(world.customer_id)

        assert (await desk.post(f"/contacts/{contact['id']}/split")).status_code == 200
        case = (await desk.get(f"/cases/{got.case_id}")).json()["case"]
        assert case["customer_id"] is None
        twice = await desk.post(f"/contacts/{contact['id']}/split")
        assert (twice.status_code, twice.json()["code"]) == (409, "contact_not_joined")


async def test_rules_of_escalation_are_read_tried_set_and_withdrawn(house: House, browser: Browser) -> None:
    world = await a_world(house)
    boss = world.boss.__class__(
        world.boss.kind,
        world.boss.id,
        world.boss.shops,
        world.boss.permissions | {"promises.read", "promises.write"},
    )
    of = {"shop_id": str(world.shop_id)}
    step = {"when": "broken", "after_minutes": 30, "do": "supervise"}
    async with browser(boss) as console:
        rules = (await console.get("/escalation/rules", params=of)).json()
        assert [(rule["clock"], rule["source"]) for rule in rules[:2]] == [
            ("case.first_answer", "default"),
            ("case.next_answer", "default"),
        ]
        rule = {"clock": "case.next_answer", **of, "steps": [step]}
        tried = await console.post("/escalation/trial", json=rule)
        assert [(one["times"], one["cases"]) for one in tried.json()["steps"]] == [(0, 0)]
        assert (await console.put("/escalation/rules", json=rule)).json()["source"] == "shop"
        wrong = await console.put("/escalation/rules", json=rule | {"steps": [step | {"whom": "owner"}]})
        assert wrong.status_code == 422
        house_wide = await console.put("/escalation/rules", json={**rule, "shop_id": None})
        assert house_wide.status_code == 403
        gone = await console.delete("/escalation/rules", params={**of, "clock": "case.next_answer"})
        assert gone.status_code == 204
        assert (await console.get("/escalation/rules", params=of)).json()[1]["source"] == "default"


async def test_what_was_said_is_no_longer_begun(house: House, browser: Browser) -> None:
    world = await a_world(house)
    case = await a_case(world)
    begun = {"body": "您好，已在处理", "kind": "message"}
    async with browser(world.mei) as desk:
        for sent in ("messages", "notes"):
            assert (await desk.put(f"/cases/{case.id}/draft", json=begun)).status_code == 204
            assert (await desk.get(f"/cases/{case.id}")).json()["draft"]["body"] == begun["body"]
            said = await desk.post(
                f"/cases/{case.id}/{sent}", json={"body": begun["body"], "key": f"{sent}-0001"}
            )
            assert said.status_code == 201, said.text
            assert (await desk.get(f"/cases/{case.id}")).json()["draft"] is None


async def test_an_ending_taken_back_is_no_reopening_and_its_clock_goes_on(
    house: House, browser: Browser, clock: Clock
) -> None:
    """Not counted as kept by the slip, and due as it was: the minutes until it was taken back are the only ones that passed."""
    world = await a_world(house)
    case = await a_case(world)
    noon = clock.now

    async def resolution() -> list[tuple[str, int, Any]]:
        async with begin(house) as work:
            rows = await work.session.execute(
                text(
                    "SELECT state, EXTRACT(epoch FROM due_at - :noon)::int AS due, EXTRACT(epoch FROM remaining)::int AS left"
                    " FROM clock WHERE subject_id = :id AND name = 'case.resolution' ORDER BY id"
                ),
                {"id": case.id, "noon": noon},
            )
            return [tuple(row) for row in rows]

    async with browser(world.mei) as desk:
        ((_, due, _),) = await resolution()
        clock.now = noon + timedelta(minutes=30)
        await desk.post(f"/cases/{case.id}/messages", json={"body": "您好", "key": "answer-0001"})
        ((state, _, left),) = await resolution()
        assert state == "paused"
        clock.now = noon + timedelta(days=21, hours=2)
        await desk.post(f"/cases/{case.id}/solve")
        ((state, later, _),) = await resolution()
        assert (state, later > due) == ("kept", True)
        clock.now += timedelta(minutes=5)
        undone = await desk.post(f"/cases/{case.id}/undo-ending", json={"status": "waiting_customer"})
        assert undone.status_code == 200, undone.text
        ((state, _, now_left),) = await resolution()
        assert (state, left - now_left) == ("paused", 300)
        assert (await desk.get(f"/cases/{case.id}")).json()["case"]["solved_at"] is None
        clock.now += timedelta(days=5)
        await desk.post(f"/cases/{case.id}/solve")
    assert [state for state, _, _ in await resolution()] == ["kept"]
    told = await facts(house, "case.solved", "case.reopened", "case.ending_undone", "clock.kept")
    told = [one for one in told if one[1].get("clock", "case.resolution") == "case.resolution"]
    assert names(told) == [
        "case.solved", "clock.kept", "case.ending_undone", "case.solved", "clock.kept",
    ]  # fmt: skip
    assert told[2][1]["status"] == "waiting_customer"
    assert [one[1]["late"] for one in told if one[0] == "clock.kept"] == [False, False]

"""Calls: told by any exchange and by Twilio; the screen pops, notes lie in the case, missed calls are called back."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aftercare.cases.calls.verbs import (
    CallRefused,
    ExchangeAway,
    note_call_in_case,
    place_call,
    screen_pop,
)
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.senders import Exchanges
from aftercare.conversations import (
    AgentHasNoPhone,
    CallBack,
    CallBackNotDue,
    CallPlacer,
    CallState,
    Channel,
    get_call,
    list_calls,
    settle_call_back,
)
from aftercare.journal import FACTS, House, begin, drain
from aftercare.settings import Channels
from tests.cases.given import a_case, clocks, facts, names
from tests.conftest import NOON, Clock
from tests.connectors.messaging.given import Knock, Shop, a_shop
from tests.connectors.messaging.test_generic import knock
from tests.connectors.messaging.vendors import CALL, Vendor, twilio_call
from tests.connectors.standin import Reply, stand_in
from tests.given.web import signed_in

KEY = "a shared key"
AGENTS = {"mei@qinglan.example": "+862155550101", "bo@qinglan.example": "8002"}


async def exchange(house: House, tmp_path: Path) -> Shop:
    return await a_shop(
        house,
        tmp_path,
        "phone",
        Channel.phone,
        "+862155550000",
        secrets={"key": KEY},
        settings={"agents": AGENTS},
    )


_events = iter(range(10_000))


def told(event: str, *, call: str = "c-1", seconds: int = 0, **more: Any) -> Knock:
    body = {
        "type": "call",
        "call": call,
        "event": event,
        "number": "13800138000",
        "at": (NOON + timedelta(seconds=seconds)).isoformat(),
        **more,
    }
    return knock(body, event_id=f"event-{next(_events)}")


async def hear(here: Shop, *knocks: Knock) -> None:
    for one in knocks:
        answer = await here.hears(one)
        assert answer.status_code == 200, answer.text
        await drain(here.house)


async def test_a_call_that_is_answered(house: House, tmp_path: Path, clock: Clock) -> None:
    here = await exchange(house, tmp_path)
    clock.now += timedelta(minutes=5)
    await hear(
        here,
        told("ringing", agent="8002"),
        told("ringing", agent="mei@qinglan.example", seconds=5),
        told("answered", agent="+862155550101", seconds=10),
        told("ended", seconds=130),
        told("recording", seconds=131, url="https://exchange.example/1.mp3"),
    )
    async with begin(house, here.world.mei) as work:
        call = (await list_calls(work))[0]
    assert (call.state, call.number, call.account_id) == (
        CallState.ended,
        "+8613800138000",
        here.world.mei.id,
    )
    assert (call.started_at, call.answered_at, call.ended_at) == (
        NOON,
        NOON + timedelta(seconds=10),
        NOON + timedelta(seconds=130),
    )
    assert (call.recording, call.call_back) == ("https://exchange.example/1.mp3", None)
    said = await facts(house, "call.")
    assert names(said) == ["call.ringing", "call.ringing", "call.answered", "call.ended", "call.recorded"]
    assert said[3][1]["seconds"] == 120
    assert said[0][1]["account_id"] == str(here.world.bo.id)
    assert "138" not in json.dumps([data for _, data in said if "number" in data])
    assert await here.rows("SELECT 1 FROM service_case") == []


async def test_the_screen_pops_with_who_calls_and_what_is_open(house: House, tmp_path: Path) -> None:
    here = await exchange(house, tmp_path)
    case = await a_case(here.world)
    await hear(here, told("ringing"))
    async with begin(house, here.world.mei) as work:
        call = (await list_calls(work))[0]
        pop = await screen_pop(work, call.id)
    assert [one.customer_id for one in pop.likely] == [here.world.customer_id]
    assert [(one.id, one.sure) for one in pop.cases] == [(case.id, False)]
    # A number can be forged: nothing is joined by it.
    assert (pop.customer_name, pop.call.customer_id) == (None, None)


async def test_notes_of_a_call_lie_in_the_case(house: House, tmp_path: Path) -> None:
    here = await exchange(house, tmp_path)
    case = await a_case(here.world)
    await hear(here, told("ringing"), told("answered", agent="8002"))
    async with begin(house, here.world.bo) as work:
        call = (await list_calls(work))[0]
        noted = await note_call_in_case(work, call.id, "客户同意先寄回检测", case.id)
    assert (noted.case_id, noted.notes) == (case.id, "客户同意先寄回检测")
    row = (await here.rows("SELECT kind, channel, body FROM message WHERE kind = 'note'"))[0]
    assert tuple(row) == ("note", "phone", "客户同意先寄回检测")
    assert [tuple(row) for row in await here.rows("SELECT case_id, object_kind FROM case_link")] == [
        (case.id, "call")
    ]
    # The next call of this number knows the case for sure.
    await hear(here, told("ringing", call="c-2"))
    async with begin(house, here.world.bo) as work:
        second = (await list_calls(work))[0]
        pop = await screen_pop(work, second.id)
        assert [(one.id, one.sure) for one in pop.cases] == [(case.id, True)]
        assert (await note_call_in_case(work, second.id, "再次来电")).case_id == case.id


async def test_without_a_case_a_note_opens_one(house: House, tmp_path: Path) -> None:
    here = await exchange(house, tmp_path)
    await hear(here, told("ringing", number="anonymous"), told("answered", number="", agent="8002"))
    async with begin(house, here.world.bo) as work:
        call = (await list_calls(work))[0]
        assert call.number is None
        await note_call_in_case(work, call.id, "问保修期")
    row = (await here.rows("SELECT title, channel, owner_id, waiting_since FROM service_case"))[0]
    assert tuple(row) == ("来电 （号码未显示）", "phone", here.world.bo.id, None)


async def test_a_missed_call_is_called_back_within_a_promise(
    house: House, tmp_path: Path, clock: Clock
) -> None:
    here = await exchange(house, tmp_path)
    voice = told("voicemail", seconds=40, url="https://exchange.example/v.mp3", words="请回电")
    await hear(here, told("ringing"), told("missed", seconds=30), voice)
    async with begin(house, here.world.mei) as work:
        (owed,) = await list_calls(work, owed=True)
    assert (owed.state, owed.call_back, owed.voicemail_words) == (CallState.missed, CallBack.due, "请回电")
    assert owed.call_back_by is not None
    assert await clocks(house, owed.id) == {"call.back": "running"}
    case = (await here.rows("SELECT id, title, status, due_at FROM service_case"))[0]
    assert (case.title, case.id, case.due_at) == ("来电 +8613800138000", owed.case_id, owed.call_back_by)
    notes = [row.body for row in await here.rows("SELECT body FROM message ORDER BY position")]
    assert notes[0].startswith("〔未接来电〕+8613800138000，03-10 12:00。请于 03-10 ")
    assert notes[1] == "〔语音留言〕 请回电\nhttps://exchange.example/v.mp3"
    # It rings again in vain: the same case.
    await hear(here, told("ringing", call="c-2"), told("missed", call="c-2"))
    assert len(await here.rows("SELECT 1 FROM service_case")) == 1
    # We call and are answered: all that is owed to this number is done.
    out: dict[str, Any] = {"direction": "outbound", "call": "c-3", "agent": "8002"}
    await hear(here, told("ringing", **out), told("answered", **out))
    async with begin(house, here.world.mei) as work:
        assert await list_calls(work, owed=True) == []
        done = await get_call(work, owed.id)
    assert (done.call_back, done.called_back_by) == (CallBack.done, here.world.bo.id)
    assert await clocks(house, owed.id) == {"call.back": "kept"}


async def test_a_call_back_is_settled_by_hand_once(house: House, tmp_path: Path) -> None:
    here = await exchange(house, tmp_path)
    await hear(here, told("missed"))
    async with begin(house, here.world.mei) as work:
        (owed,) = await list_calls(work, owed=True)
        settled = await settle_call_back(work, owed.id, CallBack.not_needed)
    assert (settled.call_back, settled.called_back_at) == (CallBack.not_needed, None)
    assert await clocks(house, owed.id) == {"call.back": "cancelled"}
    with pytest.raises(CallBackNotDue):
        async with begin(house, here.world.mei) as work:
            await settle_call_back(work, owed.id)
    # That was a slip: it is owed as before, and by when it was.
    async with begin(house, here.world.mei) as work:
        await settle_call_back(work, owed.id, CallBack.due)
        assert await list_calls(work, owed=True) == [owed]
    assert await clocks(house, owed.id) == {"call.back": "running"}
    with pytest.raises(CallBackNotDue):
        async with begin(house, here.world.mei) as work:
            await settle_call_back(work, owed.id, CallBack.due)


async def test_events_may_come_in_any_order_and_twice(house: House, tmp_path: Path) -> None:
    here = await exchange(house, tmp_path)
    await hear(
        here,
        told("ended", seconds=60),
        told("answered", seconds=10, agent="8002"),
        told("ringing"),
        told("ended", seconds=60),
        told("answered", seconds=10),
    )
    async with begin(house, here.world.mei) as work:
        (call,) = await list_calls(work)
    assert (call.state, call.call_back) == (CallState.ended, CallBack.not_needed)
    assert names(await facts(house, "call.")).count("call.answered") == 1


@pytest.mark.parametrize(
    "told_", [{}, {"type": "call"}, {"type": "call", "call": "x", "event": "sung", "at": "now"}]
)
async def test_what_is_no_call_is_refused(house: House, tmp_path: Path, told_: Any) -> None:
    here = await exchange(house, tmp_path)
    assert (await here.hears(knock(told_))).json()["code"] == "push_unreadable"


async def test_calls_over_http(house: House, tmp_path: Path) -> None:
    here = await exchange(house, tmp_path)
    case = await a_case(here.world)
    await hear(here, told("missed"))
    assert (await here.http.get("/api/calls")).status_code in (401, 403)
    async with signed_in(house, here.world.mei) as desk:
        (owed,) = (await desk.get("/calls", params={"call_back_due": True})).json()
        assert (owed["number"], owed["state"], owed["call_back"]) == ("+8613800138000", "missed", "due")
        pop = (await desk.get(f"/calls/{owed['id']}")).json()
        assert {one["id"]: one["sure"] for one in pop["cases"]} == {
            owed["case_id"]: True,
            str(case.id): False,
        }
        put = await desk.put(f"/calls/{owed['id']}/case", json={"case_id": str(case.id)})
        assert put.json()["case_id"] == str(case.id)
        noted = await desk.post(f"/calls/{owed['id']}/notes", json={"body": "约好下午回电"})
        assert (noted.status_code, noted.json()["notes"]) == (201, "约好下午回电")
        done = await desk.post(f"/calls/{owed['id']}/call-back", json={"outcome": "done"})
        assert (done.json()["call_back"], done.json()["called_back_by"]) == ("done", str(here.world.mei.id))
        again = await desk.post(f"/calls/{owed['id']}/call-back", json={"outcome": "done"})
        assert (again.status_code, again.json()["code"]) == (409, "call_back_not_due")
        nobody = await desk.post("/calls", json={"call_id": owed["id"]})
        assert (nobody.status_code, nobody.json()["code"]) == (503, "port_missing")
    async with signed_in(house, here.world.customer) as buyer:
        assert (await buyer.get(f"/calls/{owed['id']}")).status_code == 403
        assert (await buyer.post("/calls", json={"number": "1"})).status_code in (403, 503)


# Twilio

TWILIO = Vendor(
    "twilio",
    Channel.phone,
    "+15550003333",
    {"auth_token": "twilio token"},
    twilio_call,
    {},
    ("", ""),
    {"vendor": "twilio", "account_sid": "AC" + "1" * 32, "agents": AGENTS, "record": True},
)
CHILD = "CA" + "0c" * 16


async def twilio(house: House, tmp_path: Path, api: str = "https://api.twilio.com") -> Shop:
    here = await a_shop(
        house,
        tmp_path,
        "twilio",
        Channel.phone,
        TWILIO.address,
        secrets=TWILIO.secrets,
        settings=TWILIO.settings,
        vendors=lambda: Channels(twilio_api=api, private_hosts=["127.0.0.1"]),
    )
    house.ports = {**house.ports, CallPlacer: Exchanges(house.port(Outside))}
    return here


async def test_twilio_rings_ours_and_takes_a_message(house: House, tmp_path: Path) -> None:
    here = await twilio(house, tmp_path)
    caller = {"CallSid": CALL, "From": "+8613800138000", "To": TWILIO.address, "Direction": "inbound"}
    rung = await here.hears(twilio_call(TWILIO, here.account_id, {**caller, "CallStatus": "ringing"}))
    hook = f"https://after.example/api/connect/twilio/{here.account_id}"
    assert rung.headers["content-type"] == "application/xml"
    assert f'<Dial timeout="25" action="{hook}?step=dialed" record="record-from-answer"' in rung.text
    assert rung.text.count("<Number statusCallback=") == 2
    leg = {
        "CallSid": CHILD,
        "ParentCallSid": CALL,
        "From": "+8613800138000",
        "Caller": "+8613800138000",
        "To": AGENTS["mei@qinglan.example"],
        "Direction": "outbound-dial",
    }
    await here.hears(twilio_call(TWILIO, here.account_id, {**leg, "CallStatus": "ringing"}, "leg"))
    nobody = await here.hears(
        twilio_call(
            TWILIO,
            here.account_id,
            {**caller, "CallStatus": "in-progress", "DialCallStatus": "no-answer"},
            "dialed",
        )
    )
    assert '<Record maxLength="180"' in nobody.text
    left = {"CallSid": CALL, "RecordingSid": "RE" + "0" * 32, "RecordingUrl": "https://api.twilio.com/RE0"}
    await here.hears(twilio_call(TWILIO, here.account_id, left, "voicemail"))
    await drain(house)
    async with begin(house, here.world.mei) as work:
        (call,) = await list_calls(work)
    assert (call.number, call.account_id, call.state) == (
        "+8613800138000",
        here.world.mei.id,
        CallState.missed,
    )
    assert (call.voicemail, call.call_back) == ("https://api.twilio.com/RE0", CallBack.due)
    forged = twilio_call(TWILIO, here.account_id, {**caller, "CallStatus": "ringing"})
    forged.query = {"step": "dialed"}
    assert (await here.hears(forged)).status_code == 403


async def test_a_click_calls(house: House, tmp_path: Path, clock: Clock) -> None:
    with stand_in() as api:
        here = await twilio(house, tmp_path, api.address)
        case = await a_case(here.world)
        api.answers(Reply(201, {"sid": CALL, "status": "queued"}))
        call = await place_call(house, here.world.mei, number="138 0013 8000", case_id=case.id)
        asked = api.asked[0]
    assert asked.path == f"/2010-04-01/Accounts/AC{'1' * 32}/Calls.json"
    assert "To=%2B862155550101&From=%2B15550003333" in asked.body
    assert "%2B8613800138000%3C%2FNumber%3E" in asked.body
    assert (call.number, call.case_id, call.account_id) == ("+8613800138000", case.id, here.world.mei.id)
    leg = {
        "CallSid": CHILD,
        "ParentCallSid": CALL,
        "From": TWILIO.address,
        "To": "+8613800138000",
        "Direction": "outbound-dial",
        "CallStatus": "in-progress",
    }
    await here.hears(twilio_call(TWILIO, here.account_id, leg))
    clock.now += timedelta(seconds=90)
    over = {
        "CallSid": CALL,
        "From": TWILIO.address,
        "To": AGENTS["mei@qinglan.example"],
        "Direction": "outbound-api",
    }
    await here.hears(twilio_call(TWILIO, here.account_id, {**over, "CallStatus": "completed"}))
    await drain(house)
    async with begin(house, here.world.mei) as work:
        (made,) = await list_calls(work)
    assert (made.state, made.ended_at, made.number) == (CallState.ended, clock.now, "+8613800138000")


@pytest.mark.parametrize(
    ("reply", "refusal"),
    [
        (Reply(400, {"code": 21211, "message": "not a number", "status": 400}), CallRefused),
        (Reply(503, {}), ExchangeAway),
        (Reply(401, {"code": 20003, "message": "Authenticate", "status": 401}), ExchangeAway),
    ],
)
async def test_what_the_exchange_refuses_leaves_no_call(
    house: House, tmp_path: Path, reply: Reply, refusal: type[Exception]
) -> None:
    with stand_in() as api:
        here = await twilio(house, tmp_path, api.address)
        api.answers(reply)
        with pytest.raises(refusal):
            await place_call(house, here.world.mei, number="+8613800138000", shop_id=here.world.shop_id)
        with pytest.raises(AgentHasNoPhone):
            await place_call(house, here.world.boss, number="+8613800138000", shop_id=here.world.shop_id)
    assert await here.rows("SELECT 1 FROM call") == []


def test_the_shapes_of_the_facts() -> None:
    """Who changes one decides about every fact already written."""
    about = [
        "call_id",
        "channel_account_id",
        "contact_id",
        "customer_id",
        "case_id",
        "account_id",
        "direction",
    ]
    shapes = {name: list(fact.model_fields)[1:] for name, fact in FACTS.items() if name.startswith("call.")}
    assert shapes == {
        "call.ringing": about,
        "call.answered": about,
        "call.ended": [*about, "seconds"],
        "call.missed": about,
        "call.recorded": [*about, "voicemail"],
        "call.back_owed": about,
        "call.back_settled": [*about, "outcome"],
    }

"""Decisions, reports, webhooks, exports and analyses through the whole application, as people with sessions of their own."""

import json
import re
import zlib
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID
from zipfile import ZipFile

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from aftercare.insights.analysis.events import AnalysisAsked
from aftercare.insights.analysis.reactions import answer_analysis
from aftercare.insights.reports import make_exports, printing
from aftercare.insights.reports.model import ChineseFontMissing
from aftercare.journal import begin
from aftercare.notices import webhooks
from tests.conftest import NOON, Clock
from tests.insights.doors import Doors, a_decision
from tests.insights.given import claims_decided_after
from tests.insights.lake.given import a_lake, refreshed
from tests.insights.reports.test_reports import delivered
from tests.notices.given import a_claim
from tests.notices.given import a_world as a_notice_world
from tests.notices.receiver import receiving


async def test_a_decision_from_plan_to_end(doors: Doors) -> None:
    plan = a_decision(guards=[{"indicator": "csat", "bound": 0.5, "side": "below"}])
    made = await doors.told("boss", "POST", "/insights/decisions", plan, locale="en")
    at = f"/insights/decisions/{made['id']}"
    assert (made["state"], made["scale"], made["good"], made["may"]) == (
        "draft", "relative", "down", ["start", "drop"],
    )  # fmt: skip
    assert made["shops"] == [str(doors.mine.id)]
    power = await doors.told("boss", "GET", f"{at}/power")
    assert (power["enough"], power["units"], power["scale"]) == (False, None, "relative")
    assert (await doors.told("boss", "POST", f"{at}/start"))["state"] == "running"
    seen = await doors.told("boss", "POST", f"{at}/read", locale="en")
    assert (seen["reading"]["advice"], seen["reading"]["effect"]["method"]) == ("go_on", "interrupted")
    assert seen["paragraph"].startswith("There is too little yet to say anything (0 with the decision")
    later = (NOON + timedelta(days=60)).isoformat()
    longer = await doors.told("boss", "POST", f"{at}/go-on", {"until": later})
    assert datetime.fromisoformat(longer["ends_at"]) == NOON + timedelta(days=60)
    # An agent sees nothing of it, another shop does not know of it, and nobody is asked to sign in.
    assert await doors.refused("agent", "GET", at) == (403, "permission_missing")
    assert await doors.refused("agent", "POST", f"{at}/undo", {}) == (403, "permission_missing")
    assert await doors.refused("theirs", "GET", at) == (404, "decision_not_found")
    assert await doors.refused("theirs", "POST", f"{at}/keep", {}) == (404, "decision_not_found")
    assert (await doors.ask("nobody", "GET", at)).status_code in (401, 403)
    assert await doors.told("theirs", "GET", "/insights/decisions") == []
    kept = await doors.told("boss", "POST", f"{at}/keep", {"why": "顾客满意"})
    assert (kept["state"], kept["why"], kept["may"]) == ("kept", "顾客满意", [])
    assert await doors.refused("boss", "POST", f"{at}/undo", {}) == (409, "move_not_allowed")
    assert [one["state"] for one in await doors.told("owner", "GET", "/insights/decisions")] == ["kept"]
    for wrong in ({"target": 0.1}, {"indicator": "backlog"}, {"shops": [str(doors.other.id)]}):
        status, code = await doors.refused("boss", "POST", "/insights/decisions", a_decision(**wrong))
        assert (status, code) in ((422, "decision_not_possible"), (404, "not_found")), wrong


async def test_words_of_a_template_under_a_decision(doors: Doors) -> None:
    words = {"subject": "{{ shop }}", "body": "亲，有新消息。", "button": "看看"}
    plan = a_decision(
        indicator="csat",
        target=0.05,
        roll_out="share",
        share=0.5,
        subject_kind="template",
        subject={"name": "message_posted", "words": {"zh-CN": words}},
        shops=[str(doors.mine.id)],
    )
    made = await doors.told("boss", "POST", "/insights/decisions", plan)
    assert made["subject"]["words"] == {"zh-CN": words}
    await doors.told("boss", "POST", f"/insights/decisions/{made['id']}/start")
    at = f"/notices/templates/{doors.mine.id}/message_posted/zh-CN"
    assert await doors.refused("boss", "PUT", at, words) == (409, "on_trial")
    await doors.told("boss", "POST", f"/insights/decisions/{made['id']}/undo", {})
    await doors.told("boss", "PUT", at, words)


async def test_a_report_from_draft_to_everybody(doors: Doors) -> None:
    on = datetime(2026, 2, 14, 4, tzinfo=NOON.tzinfo)
    await delivered(doors.house, doors.mine, on, in_time=27, late=3)
    asked = {"shop_id": str(doors.mine.id), "audience": "public", "span": "month", "since_on": "2026-02-01"}
    assert await doors.refused("agent", "POST", "/insights/reports", asked) == (403, "permission_missing")
    assert (await doors.ask("theirs", "POST", "/insights/reports", asked)).status_code == 404
    report = (await doors.told("boss", "POST", "/insights/reports", asked))["id"]
    at = f"/insights/reports/{report}"
    whole = await doors.told("boss", "GET", at)
    measures = {one["name"]: one for promise in whole["content"]["promises"] for one in promise["measures"]}
    assert (measures["deliveries"]["value"], measures["deliveries"]["n"]) == (0.9, 30)
    assert (whole["state"], whole["number"]) == ("draft", None)
    # Nobody outside sees a draft; no other shop ever does.
    assert (await doors.ask("nobody", "GET", f"/public/reports/{report}")).status_code == 404
    assert (await doors.ask("theirs", "GET", at)).status_code == 404
    words = {"zh-CN": {"title": "二月承诺报告", "summary": "九成准时。"}}
    await doors.told("boss", "PUT", f"{at}/words", {"words": words})
    assert await doors.refused("agent", "POST", f"{at}/release") == (403, "permission_missing")
    assert await doors.told("boss", "POST", f"{at}/release") == {"number": "2026-001"}
    # From now on it does not change: not by its verbs, and not by hand in the database.
    for verb, body in (("PUT words", {"words": words}), ("POST recount", None), ("POST discard", None)):
        method, path = verb.split()
        assert await doors.refused("boss", method, f"{at}/{path}", body) == (409, "report_published"), verb
    with pytest.raises(DBAPIError):
        async with begin(doors.house) as work:
            await work.session.execute(
                text("UPDATE report SET content = '{}' WHERE id = :id"), {"id": UUID(report)}
            )
    public = await doors.told("nobody", "GET", f"/public/reports/{report}")
    assert (public["number"], public["words"]["zh-CN"]["title"], public["published_by"]) == (
        "2026-001", "二月承诺报告", None,
    )  # fmt: skip
    assert re.fullmatch(r"[0-9a-f]{64}", public["digest"])
    data = (await doors.ask("nobody", "GET", f"/public/reports/{report}/file", form="json")).json()
    assert data["digest"] == public["digest"]
    lines = (await doors.ask("nobody", "GET", f"/public/reports/{report}/file", form="csv", locale="en")).text
    heads, *rows = [line.split(",") for line in lines.removeprefix("\ufeff").splitlines()]
    line = dict(zip(heads, next(row for row in rows if "deliveries" in row), strict=True))
    assert (line["value"], line["n"]) == ("0.9", "30")
    book = await doors.ask("boss", "GET", f"{at}/file", form="xlsx")
    with ZipFile(BytesIO(book.content)) as opened:
        assert "二月承诺报告" in opened.read("xl/sharedStrings.xml").decode()
    # The next one of the shop has the next number; what is for the house stays in it.
    other = await doors.told("boss", "POST", "/insights/reports", asked | {"since_on": "2026-01-01"})
    assert await doors.told("boss", "POST", f"/insights/reports/{other['id']}/release") == {
        "number": "2026-002"
    }
    assert (await doors.ask("boss", "POST", f"{at}/correct")).status_code == 201


async def test_a_report_on_paper_has_its_chinese_words(doors: Doors) -> None:
    try:
        printing.fonts_for("zh-CN")
    except ChineseFontMissing:
        pytest.skip("no Chinese font here")
    asked = {"shop_id": str(doors.mine.id), "audience": "house", "span": "month", "since_on": "2026-02-01"}
    report = (await doors.told("boss", "POST", "/insights/reports", asked))["id"]
    paper = await doors.ask("boss", "GET", f"/insights/reports/{report}/file", form="pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")
    drawn = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", paper.content, re.DOTALL):
        try:
            drawn += zlib.decompress(stream)
        except zlib.error:
            continue
    # Which signs the fonts in it draw, by their code points: the word for a promise is among them.
    assert all(f"{ord(sign):04X}".encode() in drawn.upper() for sign in "承诺")


async def test_the_page_of_a_shop_is_there_while_somebody_shows_it(doors: Doors) -> None:
    at, public = f"/insights/pages/{doors.mine.id}", f"/public/promises/{doors.mine.code}"
    assert (await doors.ask("nobody", "GET", public)).status_code == 404
    assert await doors.refused("agent", "PUT", at, {"shown": ["deliveries"]}) == (403, "permission_missing")
    assert (await doors.ask("theirs", "PUT", at, {"shown": ["deliveries"]})).status_code == 404
    await doors.told("boss", "PUT", at, {"shown": ["deliveries"]})
    page = await doors.told("nobody", "GET", public)
    assert [one["key"] for one in page["promises"]] == ["deliveries"]
    await doors.told("boss", "DELETE", at)
    assert (await doors.ask("nobody", "GET", public)).status_code == 404


async def test_a_webhook_is_told_signed_in_order_and_again(doors: Doors, clock: Clock) -> None:
    world = await a_notice_world(doors.house, email=None)
    with receiving() as receiver:
        new = {"shop_id": str(world.shop_id), "name": "ERP", "url": receiver.url, "facts": ["claim.*"]}
        assert await doors.refused("boss", "POST", "/webhooks", new | {"shop_id": str(doors.mine.id)}) == (
            403, "permission_missing",
        )  # fmt: skip
        for address in (
            "http://10.0.0.7/in",
            "http://169.254.169.254/latest",
            "http://[::1]/in",
            "file:///etc/passwd",
        ):
            status, code = await doors.refused("owner", "POST", "/webhooks", new | {"url": address})
            assert (status, code) in (
                (422, "webhook_address_not_possible"), (422, "invalid"), (422, "input_invalid"),
            ), (address, code)  # fmt: skip
        made = await doors.told("owner", "POST", "/webhooks", new)
        at = f"/webhooks/{made['webhook']['id']}"
        # The secret is shown once.
        assert made["secret"] not in json.dumps(await doors.told("owner", "GET", at))
        refusals = iter([500])
        receiver.answers = lambda _: next(refusals, 204)
        await a_claim(doors.house, world)
        await webhooks.drain_webhooks(doors.house)
        assert [one.status for one in receiver.got] == [500]
        # What failed holds back what follows of the same claim, and is told again first, under its id.
        clock.now += timedelta(seconds=6)
        await webhooks.drain_webhooks(doors.house)
        taken = receiver.taken
        assert taken[0].id == receiver.got[0].id
        assert taken[0].told["type"] == "claim.applied"
        assert all(one.signed_by(made["secret"]) for one in taken)
        assert [one.id for one in taken] == list(dict.fromkeys(one.id for one in taken))
        posts = (await doors.told("owner", "GET", f"{at}/posts"))["items"]
        assert len(posts) == len(taken)
        assert await doors.refused("agent", "GET", f"{at}/posts") == (403, "permission_missing")
        assert (await doors.ask("theirs", "GET", at)).status_code == 404
        since = (NOON - timedelta(hours=1)).isoformat()
        again = await doors.told(
            "owner", "POST", f"{at}/replay", {"since": since, "facts": ["claim.applied"]}
        )
        assert again == {"posts": 1}
        await webhooks.drain_webhooks(doors.house)
        assert receiver.taken[-1].id == taken[0].id
        await doors.told("owner", "DELETE", at)
        assert (await doors.ask("owner", "GET", at)).status_code == 404


async def test_what_is_exported_tells_of_nobody_unless_it_is_granted(
    doors: Doors, clock: Clock, tmp_path: Path
) -> None:
    house = doors.house
    a_lake(house, tmp_path / "lake")
    await claims_decided_after(house, clock, doors.mine, 2, 4)
    await claims_decided_after(house, clock, doors.other, 100)
    clock.now = NOON + timedelta(days=8)
    await refreshed(house)
    await doors.sign_in()
    plan = {
        "shop_id": str(doors.mine.id),
        "name": "售后",
        "source": "table",
        "table_name": "claims",
        "every": "week",
    }
    assert await doors.refused("agent", "POST", "/insights/exports", plan) == (403, "permission_missing")
    assert (await doors.ask("theirs", "POST", "/insights/exports", plan)).status_code == 404
    status, code = await doors.refused("boss", "POST", "/insights/exports", plan | {"table_name": "accounts"})
    assert (status, code) == (422, "export_not_possible")
    heads: dict[str, list[str]] = {}
    for grants in ([], ["customer_id", "numbers"]):
        made = await doors.told("boss", "POST", "/insights/exports", plan | {"grants": grants})
        await doors.told("boss", "POST", f"/insights/exports/{made['id']}/now")
        assert await make_exports(house) == 1
        found = {one["id"]: one for one in await doors.told("boss", "GET", "/insights/exports")}
        (file,) = found[made["id"]]["files"]
        assert (file["error"], file["file_name"]) == (None, "claims-2026-03-09.csv")
        content = await doors.ask("boss", "GET", f"/insights/exports/files/{file['id']}")
        lines = content.text.removeprefix("\ufeff").splitlines()
        # This shop's two claims of the week, not the other's.
        assert (file["rows"], len(lines)) == (2, 3)
        heads[",".join(grants)] = lines[0].split(",")
        assert await doors.refused("agent", "GET", f"/insights/exports/files/{file['id']}") == (
            403, "permission_missing",
        )  # fmt: skip
        assert (await doors.ask("theirs", "GET", f"/insights/exports/files/{file['id']}")).status_code == 404
    personal = {"customer_id", "number"}
    assert personal & set(heads[""]) == set()
    assert personal <= set(heads["customer_id,numbers"])
    assert {"id", "shop_id", "kind", "reason", "applied_at"} <= set(heads[""])


async def test_an_analysis_is_asked_answered_and_fetched(doors: Doors, clock: Clock, tmp_path: Path) -> None:
    house = doors.house
    a_lake(house, tmp_path / "lake")
    await claims_decided_after(house, clock, doors.mine, 2, 4, 6, 10)
    await claims_decided_after(house, clock, doors.other, 100)
    await refreshed(house)
    await doors.sign_in()
    question = {"kind": "describe", "measure": "claims", "column": "decide_hours"}
    assert await doors.refused("agent", "POST", "/insights/analyses", question) == (403, "permission_missing")
    assert await doors.refused("boss", "POST", "/insights/analyses", question | {"measure": "luck"}) == (
        422, "measure_unknown",
    )  # fmt: skip
    asked = await doors.told("boss", "POST", "/insights/analyses", question)
    asked = asked["analysis"]
    assert asked["state"] == "waiting"
    await answer_analysis(
        house, AnalysisAsked(analysis_id=UUID(asked["id"]), kind="describe", measure="claims")
    )
    at = f"/insights/analyses/{asked['id']}"
    page = await doors.told("boss", "GET", at, locale="zh-CN")
    assert page["analysis"]["state"] == "done"
    # The other shop's hundred hours are not in it.
    assert page["analysis"]["answer"]["spread"]["mean"] == 5.5
    rows = (await doors.ask("boss", "GET", f"{at}/export")).text.removeprefix("\ufeff").splitlines()
    told = dict(zip(rows[0].split(","), rows[1].split(","), strict=True))
    assert (told["group"], told["n"], told["mean"], told["most"]) == ("all", "4", "5.5", "10.0")
    assert [one["id"] for one in (await doors.told("boss", "GET", "/insights/analyses"))["items"]] == [
        asked["id"]
    ]
    assert (await doors.ask("theirs", "GET", at)).status_code == 404
    assert (await doors.told("theirs", "GET", "/insights/analyses"))["items"] == []
    assert await doors.refused("agent", "GET", "/insights/measures") == (403, "permission_missing")

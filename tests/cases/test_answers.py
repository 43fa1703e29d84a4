"""Answer texts filled in with what is true, the check of wording before sending, macros, all or nothing."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from aftercare.cases import (
    AnswerHeldBack,
    CaseView,
    MacroView,
    NewMacro,
    Priority,
    Stage,
    Status,
    answer,
    case_values,
    check_answer,
    draft_from,
    get_case,
    macros_of,
    run_macro,
    save_macro,
)
from aftercare.cases.model import CaseTakenAlready, MacroNotFound, MacroNotPossible
from aftercare.conversations import (
    AnswerTemplateNameTaken,
    AnswerTemplateView,
    NewAnswerTemplate,
    NewPhrase,
    answer_template,
    answer_templates,
    forbid_phrase,
    messages,
    remove_answer_template,
    set_answer_template,
)
from aftercare.journal import Actor, House, PermissionMissing, begin
from aftercare.kit.errors import Refusal
from aftercare.kit.ids import new_id
from aftercare.promises import fire_due
from tests.cases.given import AGENT, World, a_case, a_world, buyer, facts, scalar, staff
from tests.conftest import Clock

WRITER = AGENT | {"notices.write", "notices.read"}


async def a_writer(world: World) -> Actor:
    return await staff(world.house, f"{new_id()}@shop.example", "文案", world.shop_id, WRITER)


async def a_text(world: World, name: str = "退款进度", **words: str) -> AnswerTemplateView:
    given = {locale.replace("_", "-"): said for locale, said in words.items()} or {
        "zh-CN": "{{customer}}您好，订单 {{ order }} 已收到，我们会在 {{deadline}} 前处理。{{shop}} {{agent}}",
        "en": "Dear {{customer}}, we have your order {{order}}.",
    }
    async with begin(world.house, await a_writer(world)) as work:
        new = NewAnswerTemplate.model_validate({"folder": "退款/到账", "name": name, "words": given})
        return await set_answer_template(work, world.shop_id, new)


async def said_in(world: World, case: CaseView) -> list[tuple[str, str]]:
    async with begin(world.house, world.boss) as work:
        return [(one.kind.value, one.body) for one in (await messages(work, case.thread_id)).items]


async def test_a_text_is_filled_in_with_what_is_true_of_the_case(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    text = await a_text(world)
    assert text.fields == ["customer", "order", "deadline", "shop", "agent"]
    async with begin(house, world.mei) as work:
        draft = await draft_from(work, case.id, text.id)
        assert draft.words == (
            "王晓梅您好，订单 qinglan-1 已收到，我们会在 3 月 10 日 14:00 前处理。青岚家电 mei"
        )
        assert (draft.locale, draft.empty) == ("zh-CN", [])
        assert (await draft_from(work, case.id, text.id, "zh-HK")).words == draft.words
        english = await draft_from(work, case.id, text.id, "en-GB")
        assert english.words == "Dear 王晓梅, we have your order qinglan-1."
        values = await case_values(work, case.id, "zh-CN")
        assert (values["case"], values["matter"], values["claim"]) == (case.number, "净水器漏水", "")


async def test_texts_are_found_by_their_words_and_named_once(house: House) -> None:
    world = await a_world(house)
    first, second = await a_text(world), await a_text(world, "安装", zh_CN="师傅会联系您 {{ today }}")
    async with begin(house, world.mei) as work:
        assert [one.id for one in await answer_templates(work, world.shop_id, "退款 ORDER")] == [first.id]
        assert [one.id for one in await answer_templates(work, world.shop_id, "师傅")] == [second.id]
        assert [one.id for one in await answer_templates(work, None, "师傅")] == [second.id]
        assert await answer_templates(work, world.shop_id, "100%_") == []
    with pytest.raises(AnswerTemplateNameTaken):
        await a_text(world)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.mei) as work:
            await remove_answer_template(work, first.id)


async def test_the_check_holds_a_person_s_words_back_until_there_is_a_reason(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    text = await a_text(world)
    async with begin(house, await a_writer(world)) as work:
        await forbid_phrase(
            work,
            world.shop_id,
            NewPhrase(locale="zh-CN", says="亲亲", instead="您好", blocks=True),
        )
    async with begin(house, world.mei) as work:
        wording = await check_answer(work, case.id, "亲亲，一定给您处理")
        assert wording.held
        assert [(one.flaw.value, one.words, one.instead) for one in wording.findings] == [
            ("phrase", "亲亲", "您好"),
            ("certain", "一定", ""),
        ]
    with pytest.raises(AnswerHeldBack) as held:
        async with begin(house, world.mei) as work:
            await answer(work, case.id, "亲亲，给您处理")
    findings: Any = held.value.data["findings"]
    (finding,) = findings
    assert (finding["flaw"], finding["start"], finding["end"]) == ("phrase", 0, 2)
    assert await said_in(world, case) == [("message", "接头处一直滴水")]
    assert await facts(house, "wording") == []

    for _ in range(2):
        async with begin(house, world.mei) as work:
            posted = await answer(
                work,
                case.id,
                "亲亲，给您处理",
                override="老客户，习惯这样称呼",
                client_key="press-1",
                template_id=text.id,
            )
    assert posted.again
    assert await said_in(world, case) == [
        ("message", "接头处一直滴水"),
        ("message", "亲亲，给您处理"),
        ("note", "老客户，习惯这样称呼"),
    ]
    ((_, fact),) = await facts(house, "wording.overridden")
    assert fact == {
        "case_id": str(case.id),
        "message_id": str(posted.message_id),
        "account_id": str(world.mei.id),
        "flaws": ["phrase"],
    }
    async with begin(house, world.mei) as work:
        assert (await answer_template(work, text.id)).used == 1


async def test_what_belongs_to_somebody_else_is_found_in_the_shop_s_own_books(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world, body="我的邻居 13700137000 也问过")
    _, _, _ = await buyer(house, world.shop_id, "other-77", "李雷", "+8613900139000")
    async with begin(house, world.mei) as work:
        wording = await check_answer(
            work,
            case.id,
            f"订单 qinglan-1（{case.number}）；OTHER-77；13900139000；13800138000；13700137000；13600136000",
        )
    assert [(one.flaw.value, one.severity.value, one.words) for one in wording.findings] == [
        ("order", "blocks", "OTHER-77"),
        ("contact", "blocks", "13900139000"),
        ("contact", "warns", "13600136000"),
    ]


async def test_promises_are_held_against_the_policy_and_the_order(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        wording = await check_answer(work, case.id, "给您退 2 元，2 小时内到账")
    assert [(one.flaw.value, one.words, one.instead) for one in wording.findings] == [
        ("amount", "2 元", "¥1.00"),
        ("too_soon", "2 小时内", "3 月 11 日 12:00 前"),
    ]
    clock.now += timedelta(days=2)
    async with begin(house) as work:
        await fire_due(work)
    async with begin(house, world.mei) as work:
        assert [one.flaw.value for one in (await check_answer(work, case.id, "正在处理")).findings] == [
            "delay"
        ]
        assert (await check_answer(work, case.id, "抱歉久等了，正在处理")).findings == []
        # It is only pointed out.
        await answer(work, case.id, "正在处理")


async def a_macro(world: World, actor: Actor, *steps: dict[str, Any], shared: bool = False) -> MacroView:
    async with begin(world.house, actor) as work:
        new = NewMacro.model_validate({"name": "催单", "shared": shared, "steps": steps})
        return await save_macro(work, world.shop_id, new)


async def test_a_macro_does_all_of_its_steps_in_one_go(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    text = await a_text(world, zh_CN="{{customer}}您好，已为您加急。")
    macro = await a_macro(
        world,
        world.mei,
        {"do": "give", "to": "me"},
        {"do": "answer", "template_id": str(text.id)},
        {"do": "note", "words": "催单：{{ order }}"},
        {"do": "tag", "add": ["催单", "Urgent"]},
        {"do": "priority", "priority": "high"},
        {"do": "stage", "stage": "diagnosed"},
        {"do": "snooze", "hours": 24},
    )
    for again in (False, True):
        async with begin(house, world.mei) as work:
            ran = await run_macro(work, macro.id, case.id, key="press-0001")
        assert ran.again is again
    async with begin(house, world.mei) as work:
        now = await get_case(work, case.id)
        assert (await macros_of(work, world.shop_id))[0].used == 1
        assert (await answer_template(work, text.id)).used == 1
    assert (now.owner_id, now.status, now.stage, now.priority, now.tags, now.snoozed_until) == (
        world.mei.id,
        Status.waiting_customer,
        Stage.diagnosed,
        Priority.high,
        ["urgent", "催单"],
        clock.now + timedelta(hours=24),
    )
    assert await said_in(world, case) == [
        ("message", "接头处一直滴水"),
        ("message", "王晓梅您好，已为您加急。"),
        ("note", "催单：qinglan-1"),
    ]
    assert [name for name, _ in await facts(house, "macro.run")] == ["macro.run"]
    with pytest.raises(MacroNotFound):
        async with begin(house, world.bo) as work:
            await run_macro(work, macro.id, case.id, key="press-0002")


async def test_a_macro_of_which_one_step_is_refused_has_done_nothing(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    text = await a_text(world, zh_CN="退款 {{ amount }} 马上到账")
    macro = await a_macro(
        world,
        world.mei,
        {"do": "priority", "priority": "high"},
        {"do": "answer", "template_id": str(text.id)},
        {"do": "solve"},
    )
    before = len(await facts(house, "case", "message"))
    with pytest.raises(AnswerHeldBack):
        async with begin(house, world.mei) as work:
            await run_macro(work, macro.id, case.id, key="press-0001")
    async with begin(house, world.mei) as work:
        assert (await get_case(work, case.id)).priority is Priority.normal
    assert len(await facts(house, "case", "message")) == before
    async with begin(house, world.mei) as work:
        ran = await run_macro(work, macro.id, case.id, key="press-0002", words="已为您提交退款")
    assert ran.case.status is Status.solved
    with pytest.raises(MacroNotPossible):
        await a_macro(world, world.mei, {"do": "solve"}, {"do": "priority", "priority": "high"})
    with pytest.raises(PermissionMissing):
        await a_macro(world, world.mei, {"do": "solve"}, shared=True)


async def test_two_who_press_at_once_take_the_case_once_and_answer_once(own_house: House) -> None:
    world = await a_world(own_house)
    case = await a_case(world)
    text = await a_text(world, zh_CN="您好，已收到")
    writer = await staff(own_house, "w2@shop.example", "文案二", world.shop_id, WRITER)
    macro = await a_macro(
        world,
        writer,
        {"do": "give", "to": "me"},
        {"do": "answer", "template_id": str(text.id)},
        shared=True,
    )

    async def press(actor: Actor, key: str) -> UUID | Refusal | None:
        try:
            async with begin(own_house, actor) as work:
                return (await run_macro(work, macro.id, case.id, key=key)).message_id
        except Refusal as refused:
            return refused

    results = await asyncio.gather(
        press(world.mei, "mei-press-1"),
        press(world.mei, "mei-press-1"),
        press(world.bo, "bo-press-01"),
        press(world.bo, "bo-press-01"),
    )
    sent = {one for one in results if isinstance(one, UUID)}
    refused = [one for one in results if isinstance(one, Refusal)]
    assert len(sent) == 1
    assert [type(one) for one in refused] == [CaseTakenAlready, CaseTakenAlready]
    assert len(await said_in(world, case)) == 2
    assert await scalar(own_house, "SELECT used FROM macro") == 1
    assert await scalar(own_house, "SELECT used FROM answer_template") == 1

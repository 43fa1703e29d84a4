"""Whatever can happen has a name for people, in each language."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import aftercare.app  # noqa: F401  # registers every fact
from aftercare.cases.model import MoveKind
from aftercare.journal import FACTS
from aftercare.journal.reactions import AFTER
from aftercare.kit.errors import Refusal

LOCALES = Path(__file__).parents[2] / "web" / "src" / "locales"


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_every_fact_has_a_name(locale: str) -> None:
    names = json.loads((LOCALES / locale / "facts.json").read_text(encoding="utf-8"))["fact"]
    assert set(names) == {
        name.replace(".", "_") for name, fact in FACTS.items() if fact.__module__.startswith("aftercare.")
    }
    assert all(words.strip() for words in names.values())


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_whatever_follows_has_a_name(locale: str) -> None:
    names = json.loads((LOCALES / locale / "facts.json").read_text(encoding="utf-8"))["reaction"]
    ours = {name for name, one in AFTER.items() if one.function.__module__.startswith("aftercare.")}
    assert set(names) == {name.replace(".", "_") for name in ours}
    assert all(words.strip() for words in names.values())


ASKED_BY_PROGRAMS = {
    "attribute_unknown", "column_unknown", "filter_unreadable", "measure_unknown", "not_enough", "order_files_missing",
    "promise_unknown", "shared_facts_mark_unreadable", "table_unreadable", "time_zone_unknown", "webhook_grant_unknown",
}  # fmt: skip
"""What the pages offer cannot be refused so; what is not there has one text for everything."""


def _below(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for one in refusal.__subclasses__():
        yield one
        yield from _below(one)


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_what_the_pages_of_insight_refuse_is_said_in_words(locale: str) -> None:
    told = {
        code
        for name in ("common", "console")
        for code in json.loads((LOCALES / locale / f"{name}.json").read_text(encoding="utf-8"))["problem"]
    }
    refusals = {
        one.code
        for one in _below(Refusal)
        if one.__module__.startswith(
            ("aftercare.insights.", "aftercare.trials.", "aftercare.notices.webhooks.")
        )
        and one.status != 404
    }
    assert refusals - ASKED_BY_PROGRAMS - told == set()


NOT_AT_THE_DESK = {
    "chats_full", "macro_not_possible", "no_difference_due", "overflow_not_possible", "payment_away", "unreachable",
    "contract_not_recognised", "drop_off_code_unknown", "order_unknown", "platform_unknown", "policy_not_readable",
    "push_too_large", "push_unreadable", "signature_wrong",
}  # fmt: skip
"""What only customers, supervisors in the console and other systems are told."""


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_what_the_desk_is_refused_is_said_in_words(locale: str) -> None:
    told = {
        code
        for name in ("common", "desk")
        for code in json.loads((LOCALES / locale / f"{name}.json").read_text(encoding="utf-8"))["problem"]
    }
    refusals = {
        one.code
        for one in _below(Refusal)
        if one.__module__.startswith(("aftercare.cases.", "aftercare.claims.", "aftercare.logistics."))
        and one.status != 404
    }
    assert refusals - NOT_AT_THE_DESK - told == set()


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_cases_that_were_merged_or_split_say_so(locale: str) -> None:
    texts = json.loads((LOCALES / locale / "desk.json").read_text(encoding="utf-8"))["moving"]["was"]
    assert set(texts) == set(MoveKind)

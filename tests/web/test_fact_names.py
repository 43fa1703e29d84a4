"""Whatever can happen has a name for people, in each language."""

import json
from pathlib import Path

import pytest

import aftercare.app  # noqa: F401  # registers every fact
from aftercare.journal import FACTS
from aftercare.journal.reactions import AFTER

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

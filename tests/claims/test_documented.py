"""The table in docs/claims.md names tests that there are."""

import re
from pathlib import Path

HERE = Path(__file__).parents[1]


def test_every_test_that_the_page_names_is_there() -> None:
    page = (HERE.parent / "docs" / "claims.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    there = {
        name
        for file in HERE.rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8"))
    }
    assert len(named) > 40
    assert named - there == set()

"""Real logs: the same directly-follows counts and variants as PM4Py, whose figures `bench` has kept."""

import json
from pathlib import Path

import pytest

from bench.process import LOGS, ours, short

FIGURES = json.loads(Path(__file__).with_name("pm4py_figures.json").read_text())


@pytest.mark.skipif(not LOGS.is_dir(), reason="the logs are not here")
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_the_same_as_pm4py(name: str) -> None:
    assert short(ours(LOGS / name)) == FIGURES[name]

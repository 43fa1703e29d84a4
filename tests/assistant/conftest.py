"""The model that comes with the house is learned once for all tests."""

import pytest

from aftercare.assistant import minds


@pytest.fixture(scope="session", autouse=True)
def learned() -> minds.Mind:
    return minds._learn(None)

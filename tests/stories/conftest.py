"""Installations that the stories in a browser share: each is made once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.stories.browsers import Scene, marketplace, told_demo
from tests.web.windows import PATIENCE


@pytest.fixture(autouse=True)
def patience() -> None:
    """Set before each story: the setting is one for all browser tests of the process."""
    expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def imported(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> AsyncIterator[Scene]:
    async with marketplace(tmp_path_factory.mktemp("marketplace"), shared_data / "orders_olist") as found:
        yield found


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with told_demo(tmp_path_factory.mktemp("demo")) as found:
        yield found

"""The whole job in a real browser: from an order number to the money back, on an imported order and on the demo."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.stories.browsers import DESK, PATIENCE, PHONE, WHY_NOT, Scene, marketplace, told_demo
from tests.stories.whole_job import the_whole_job

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
]
expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def imported(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> AsyncIterator[Scene]:
    async with marketplace(tmp_path_factory.mktemp("marketplace"), shared_data / "orders_olist") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with told_demo(tmp_path_factory.mktemp("demo")) as found:
        yield found


async def test_an_imported_order_comes_back_by_telephone(imported: Scene) -> None:
    await the_whole_job(imported, imported.bought[0], PHONE, "zh-CN", "olist")


async def test_an_imported_order_comes_back_at_a_desk_in_english(imported: Scene) -> None:
    await the_whole_job(imported, imported.bought[1], DESK, "en-GB", "olist-en")


async def test_an_order_of_the_demo_comes_back_by_telephone(demo: Scene) -> None:
    await the_whole_job(demo, demo.bought[0], PHONE, "zh-CN", "demo")


async def test_an_order_of_the_demo_comes_back_at_a_desk_in_traditional_chinese(demo: Scene) -> None:
    await the_whole_job(demo, demo.bought[1], DESK, "zh-TW", "demo-tw")

"""The whole job in a real browser: from an order number to the money back, on an imported order and on the demo."""

from tests.stories.browsers import A_STORY, DESK, PHONE, Scene
from tests.stories.whole_job import the_whole_job

pytestmark = A_STORY


async def test_an_imported_order_comes_back_by_telephone(imported: Scene) -> None:
    await the_whole_job(imported, imported.bought[0], PHONE, "zh-CN", "olist")


async def test_an_imported_order_comes_back_at_a_desk_in_english(imported: Scene) -> None:
    await the_whole_job(imported, imported.bought[1], DESK, "en-GB", "olist-en")


async def test_an_order_of_the_demo_comes_back_by_telephone(demo: Scene) -> None:
    await the_whole_job(demo, demo.bought[0], PHONE, "zh-CN", "demo")


async def test_an_order_of_the_demo_comes_back_at_a_desk_in_traditional_chinese(demo: Scene) -> None:
    await the_whole_job(demo, demo.bought[1], DESK, "zh-TW", "demo-tw")

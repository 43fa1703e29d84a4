"""Life after the story: new orders, claims, words and parcels in real time, at a pace that one can watch.

The same plots are told, but their hours pass in seconds: what takes a day in life takes half a minute here. The moments
themselves are those of the wall clock, and reactions are left to the worker.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from random import Random

import structlog

from aftercare import shop
from aftercare.demo.founding import gather
from aftercare.demo.plots import PLOTS, asks
from aftercare.demo.purchases import World
from aftercare.demo.scene import STORE_SYSTEM, Stage, Telling
from aftercare.demo.telling import Step, Story
from aftercare.demo.year import note
from aftercare.journal import House, begin
from aftercare.kit.errors import Refusal

log = structlog.get_logger()

SECONDS_BETWEEN_STORIES = 6.0
SECONDS_PER_HOUR = 1.3
LONGEST_PAUSE_SECONDS = 45.0
SECONDS_TO_SETTLE = 3.0
"""What the worker may take for what follows from a step."""


async def live(house: House, stop: asyncio.Event) -> None:
    """Goes on until `stop` is set. What stands in the way of one story ends only that one."""
    rng = Random()
    stage = Stage(World(rng.randrange(2**31), house.clock(), orders=0, days=0))
    await gather(house, stage)
    running: set[asyncio.Task[None]] = set()
    number = 0
    while not stop.is_set():
        number += 1
        task = asyncio.create_task(_one_story(house, stage, rng, number))
        running.add(task)
        task.add_done_callback(running.discard)
        await _rest(stop, rng.expovariate(1 / SECONDS_BETWEEN_STORIES))
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _one_story(house: House, stage: Stage, rng: Random, number: int) -> None:
    try:
        await _tell(house, stage, rng, number)
    except Exception as failure:
        log.warning("a story of the demo broke off", error=repr(failure))


async def _tell(house: House, stage: Stage, rng: Random, number: int) -> None:
    plot = rng.choices(PLOTS, [one.weight for one in PLOTS])[0]
    of = stage.world.shop(rng.choice(plot.shops))
    now = house.clock()
    purchase = stage.world.buy(of, f"{now:%H%M%S}{number:03d}", now - timedelta(days=6))
    while not plot.fits(purchase):
        purchase = stage.world.buy(of, purchase.key.partition("-")[2], now - timedelta(days=6))
    purchase.plot = plot.name
    # Bought some days ago, so that it has arrived and can be complained of.
    if plot.prepare is not None:
        plot.prepare(purchase, rng)
    async with begin(house, STORE_SYSTEM) as work:
        view = stage.shops[purchase.shop]
        taken = await shop.take_in(
            work,
            customers=[purchase.buyer.record(view.id)],
            orders=[purchase.record(view.id, of["currency"], of["category"], work.now)],
        )
        await note(work, stage, [purchase], taken.ids)
    telling = Telling(stage, purchase, number)
    story = asks(telling) if rng.random() < 0.2 else plot.tell(telling)
    await _play(house, story)


async def _play(house: House, story: Story) -> None:
    """Each step at the moment at which it is done; between them the pause of the story, shortened."""
    last: Step | None = None
    step = next(story, None)
    while step is not None:
        pause = (step.when - last.when).total_seconds() / 3600 * SECONDS_PER_HOUR if last else 0.0
        least = SECONDS_TO_SETTLE if step.settled else 0.4
        await asyncio.sleep(min(max(pause, least), LONGEST_PAUSE_SECONDS))
        last = step
        try:
            try:
                async with begin(house, step.actor) as work:
                    given = await step.do(work)
            except Refusal as refused:
                step = story.throw(refused)
            else:
                step = story.send(given)
        except (StopIteration, Refusal):
            return

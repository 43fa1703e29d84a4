"""The worker: facts become reactions, due clocks ring, the outside world is asked.

Every worker takes **jobs** from PostgreSQL (pgqueuer); a job runs one lane. One worker **leads**: it relays facts into
deliveries and jobs in one transaction, and keeps the rounds.

A job is only a hint that a lane has something to run. The truth is the delivery row, which goes in the reaction's own
transaction: a job that is lost, killed or run twice changes nothing, and the leader's sweep brings back every lane whose
deliveries wait for longer than they should. So failed jobs need not be held: the delivery counts the attempts and is held.
"""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import UUID, uuid4

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import text
from sqlalchemy.engine import make_url

from aftercare import (
    assistant,
    cases,
    claims,
    conversations,
    identity,
    knowledge,
    logistics,
    notices,
    promises,
    shop,
)
from aftercare.connectors.mail.serving import serve_mail
from aftercare.connectors.payments.routes import settle_sandbox_calls
from aftercare.house import FACTS_CHANNEL, Server, open_house
from aftercare.insights import analysis
from aftercare.installation import MONTHS_AHEAD
from aftercare.journal import SYSTEM, House, Lane, Work, begin, ensure_months, lanes_waiting, relay, run_lane
from aftercare.journal.jobs import beat, deliveries_by_state, forget_beats
from aftercare.kit.files import Files
from aftercare.kit.loop import calm_collector
from aftercare.kit.processes import run_part, stop_with_parent
from aftercare.kit.tables import APP_ROLE
from aftercare.leading import Leadership, Round, Service, keep_up
from aftercare.notices import webhooks
from aftercare.settings import Settings

log = structlog.get_logger()

LANE = "lane"
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_AFTER_A_BELL = (0.02, 0.05)
"""What was rung for may have been read too early, since a slower transaction holds younger facts back."""
RELAY_LIMIT = 2_000
IDLE_FOR = timedelta(seconds=5)
"""A lane due for this long has lost its job."""
SECONDS_BETWEEN_BEATS = 5.0
SECONDS_BEFORE_LEARNING = 20.0
"""What waits since the worker was away comes first."""

RELAYED = Counter("aftercare_facts_relayed_total", "Facts turned into deliveries")
REACTIONS = Counter("aftercare_reactions_total", "Reactions that happened", ["reaction"])
LANE_SECONDS = Histogram(
    "aftercare_lane_seconds",
    "Time to run what waits in a lane",
    ["reaction"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)
DELIVERIES = Gauge(
    "aftercare_deliveries", "Facts on their way to reactions", ["state"], multiprocess_mode="mostrecent"
)


async def ask_after_refunds(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        unknown = await claims.unknown_refunds(work)
    await _ask_after(house, unknown, claims.reconcile)


async def ask_after_payments(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        unheard = await claims.unheard_payments(work)
    await _ask_after(house, unheard, claims.ask_after_payment)


async def _ask_after(house: House, ids: list[UUID], ask: Callable[[House, UUID], Awaitable[None]]) -> None:
    for one in ids:
        try:
            await ask(house, one)
        except Exception as failure:
            # What a gateway says that we cannot make sense of must not keep the others from being asked after.
            log.warning("money not asked after", id=str(one), error=repr(failure))


async def ask_after_parcels(house: House) -> None:
    # What somebody pushes need not be asked after so often, so that comes first.
    if logistics.TrackingSubscriptions in house.ports:
        await logistics.subscribe_parcels(house)
    if logistics.TrackingSource in house.ports:
        await logistics.poll_parcels(house)


async def confirm_orders(house: House) -> None:
    while True:
        async with begin(house, SYSTEM) as work:
            if not await shop.confirm_due_orders(work):
                break


async def tidy_up(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        await identity.tidy(work)
        await shop.forget_old_pushes(work)
        await knowledge.forget_questions(work)
        await cases.forget_steps(work)
        await conversations.forget_pushes(work)
        await webhooks.forget_old_posts(work)
        await forget_beats(work)
        await analysis.forget_analyses(work)
        await ensure_months(work, work.now, work.now + MONTHS_AHEAD)
        await work.session.execute(text("DELETE FROM pgqueuer_log WHERE created < now() - interval '1 hour'"))
        await work.session.execute(
            text("DELETE FROM pgqueuer_statistics WHERE created < now() - interval '7 days'")
        )
    if Files in house.ports:
        await conversations.forget_unused(house)


async def count_deliveries(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        for state, number in (await deliveries_by_state(work)).items():
            DELIVERIES.labels(state).set(number)


async def end_talks(house: House) -> None:
    while True:
        async with begin(house, SYSTEM) as work:
            if not await assistant.end_talks(work):
                break


ROUNDS = (
    Round("clocks", 1, promises.ring),
    Round("orders", 10, confirm_orders),
    Round("sandbox calls", 1, settle_sandbox_calls),
    Round("refunds", 30, ask_after_refunds),
    Round("payments", 30, ask_after_payments),
    Round("parcels", 60, ask_after_parcels),
    Round("notices", 10, notices.send_due),
    Round("messages", 5, conversations.send_due),
    Round("planned messages", 5, cases.send_planned),
    Round("queues", 30, cases.give_out_waiting),
    Round("escalation", 5, cases.take_due_steps),
    Round("talks", 60, end_talks),
    Round("deliveries", 10, count_deliveries),
    Round("tidy", 3600, tidy_up),
)


async def queue_lanes(
    work: Work, lanes: list[Lane], *, key: str | None, after: timedelta | None = None
) -> None:
    """Queues one job for each lane in the work's own transaction. Jobs that wait or run under the same `key` are not queued
    again; without a key they always are."""
    if not lanes:
        return
    connection = await work.session.connection()
    raw = await connection.get_raw_connection()
    queries = Queries.from_asyncpg_connection(raw.driver_connection)
    await queries.enqueue(
        [LANE] * len(lanes),
        [json.dumps([lane.reaction, str(lane.subject)]).encode() for lane in lanes],
        [0] * len(lanes),
        [after] * len(lanes),
        [key and f"{key}:{lane.reaction}:{lane.subject}" for lane in lanes],
        on_conflict="skip",
    )


class Worker:
    """One worker process. `run` returns when `stop` was called and what was running is finished."""

    def __init__(
        self,
        house: House,
        url: str,
        *,
        at_once: int = 8,
        rounds: tuple[Round, ...] = ROUNDS,
        services: tuple[Service, ...] = (),
    ) -> None:
        self.house = house
        self.id = uuid4()
        self.leadership = Leadership(house, url, "aftercare worker leads", (*rounds, SWEEP), services)
        self._url = url
        self._stopping = self.leadership.stopping
        self._heard = asyncio.Event()
        self._news = asyncio.Event()
        self._places = asyncio.Semaphore(at_once)
        self._at_once = at_once
        self._running: set[Lane] = set()
        self._once_more: set[Lane] = set()
        self._queue: QueueManager | None = None

    def stop(self) -> None:
        self.leadership.stop()
        self._heard.set()
        self._news.set()
        if self._queue is not None:
            self._queue.shutdown.set()

    async def run(self) -> None:
        parts = (("jobs", self._take_jobs), ("leading", self._lead), ("heartbeat", self._beat))
        async with asyncio.TaskGroup() as group:
            for name, part in parts:
                group.create_task(keep_up(f"worker: {name}", part, self._stopping))
        with suppress(Exception):  # the database may be what has gone; the row is forgotten after a day
            async with begin(self.house, SYSTEM) as work:
                await forget_beats(work, self.id)

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            async with begin(self.house, SYSTEM) as work:
                await beat(work, self.id, host=socket.gethostname(), leads=self.leadership.held)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), SECONDS_BETWEEN_BEATS)
            self._news.clear()

    # Jobs: what every worker does.

    async def _take_jobs(self) -> None:
        async with _pool(self._url) as pool:
            queue = self._queue = QueueManager(Queries(AsyncpgPoolDriver(pool)))
            queue.entrypoint(LANE, on_failure="delete", accepts_context=False)(self._run_job)
            if self._stopping.is_set():
                return
            # More are picked than run at once, so that the next is at hand while the end of the last is being noted.
            await queue.run(
                dequeue_timeout=timedelta(seconds=1),
                batch_size=self._at_once * 2,
                max_concurrent_tasks=self._at_once * 4,
                shutdown_on_listener_failure=True,
            )

    async def _run_job(self, job: Job) -> None:
        reaction, subject = json.loads(job.payload or b"[]")
        lane = Lane(reaction, UUID(subject))
        if lane in self._running:
            # Waiting for the lane's lock would hold a place and a connection; who has it looks once more when done.
            self._once_more.add(lane)
            return
        self._running.add(lane)
        try:
            async with self._places:
                await self._run_lane(lane)
        finally:
            self._running.discard(lane)
            self._once_more.discard(lane)

    async def _run_lane(self, lane: Lane) -> None:
        while True:
            self._once_more.discard(lane)
            began = monotonic()
            ran = await run_lane(self.house, lane)
            LANE_SECONDS.labels(lane.reaction).observe(monotonic() - began)
            REACTIONS.labels(lane.reaction).inc(ran.ran)
            if lane not in self._once_more:
                break
        if ran.again_at is not None:
            async with begin(self.house, SYSTEM) as work:
                after = max(ran.again_at - work.now, timedelta(0))
                await queue_lanes(work, [lane], key=f"again:{ran.again_at.timestamp()}", after=after)

    # Leading: only one worker at a time.

    async def _lead(self) -> None:
        await self.leadership.lead(self._relay_until)

    async def _relay_until(self, connection: asyncpg.Connection, over: asyncio.Event) -> None:
        connection.add_termination_listener(lambda _: self._heard.set())
        await connection.add_listener(FACTS_CHANNEL, lambda *_: self._heard.set())
        self._news.set()
        soon: Iterator[float] = iter(())
        while not over.is_set():
            self._heard.clear()
            await self._relay_all()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), next(soon, SECONDS_BETWEEN_LOOKS))
                soon = iter(SECONDS_AFTER_A_BELL)

    async def _relay_all(self) -> None:
        while not self._stopping.is_set():
            async with begin(self.house, SYSTEM) as work:
                relayed = await relay(work, limit=RELAY_LIMIT)
                await queue_lanes(work, relayed.lanes, key=None)
            RELAYED.inc(relayed.read)
            if relayed.read < RELAY_LIMIT:
                return


async def sweep(house: House) -> None:
    """Queues the lanes whose jobs were lost: with a worker that was killed, with a database that went away."""
    async with begin(house, SYSTEM) as work:
        lanes = await lanes_waiting(work, idle_for=IDLE_FOR)
        await queue_lanes(work, list(lanes), key="sweep")


SWEEP = Round("sweep", 2, sweep)


@asynccontextmanager
async def _pool(url: str) -> AsyncIterator[asyncpg.Pool]:
    """For pgqueuer: one connection listens, the others take jobs and note their ends."""
    parts = make_url(url)
    pool = await asyncpg.create_pool(
        host=parts.query.get("host", parts.host),
        port=int(str(parts.query.get("port", parts.port or 5432))),
        user=parts.username,
        password=parts.password,
        database=parts.database,
        min_size=1,
        max_size=4,
        server_settings={"role": APP_ROLE, "application_name": "aftercare worker", "timezone": "UTC"},
    )
    try:
        yield pool
    finally:
        pool.terminate()


async def _learn(house: House) -> None:
    await asyncio.sleep(SECONDS_BEFORE_LEARNING)
    await assistant.start_with(house)


async def work(settings: Settings, server: Server) -> None:
    """Works until told to end (SIGTERM, SIGINT); what is running is finished first."""
    loop = asyncio.get_running_loop()
    async with open_house(settings, server, pool_size=settings.jobs_at_once + 4) as house:
        mail: Service = partial(serve_mail, settings=settings)
        worker = Worker(
            house,
            server.url,
            at_once=settings.jobs_at_once,
            services=(mail, webhooks.post_webhooks),
        )
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, worker.stop)
        stop_with_parent(loop)
        log.info("worker starts", worker=str(worker.id), at_once=settings.jobs_at_once)
        calm_collector()
        # So that the first customer who asks does not wait for the assistant to learn.
        learning = asyncio.create_task(_learn(house))
        await worker.run()
        learning.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await learning
        log.info("worker has stopped", worker=str(worker.id))


def worker_part(settings: Settings) -> None:
    """A worker as one of several processes."""
    run_part(settings, partial(work, settings))

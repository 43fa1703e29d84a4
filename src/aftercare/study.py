"""The study: counts what service does, while the worker does it.

Copying the journal for counting, learning to foretell, looking for what is unusual and drafting reports take seconds of
processor at a time and libraries that are slow to load. In a process of their own, which steps back when processor is scarce,
they hold up no reaction and no clock. Any number may run; one leads. Told to stop, it soon breaks off what it is in the middle
of: none of it is lost, the next study begins it again.
"""

import asyncio
import os
import signal
from functools import partial

import structlog

from aftercare.house import Server, open_house
from aftercare.insights import alarms, costs, decisions, foresight, reports
from aftercare.insights.lake import keep_refreshed
from aftercare.kit.loop import calm_collector
from aftercare.kit.processes import run_part, stop_with_parent
from aftercare.leading import Leadership, Round, keep_up
from aftercare.settings import Settings

log = structlog.get_logger()

NICENESS = 10
SECONDS_OF_PATIENCE = 2.0

ROUNDS = (
    Round("costs", 5, costs.keep_ledger),
    Round("foresight", 300, foresight.keep),
    Round("alarms", 300, alarms.keep),
    Round("reports", 1800, reports.draft_due),
    Round("warnings of delays", 3600, reports.draft_warnings),
    Round("promise pages", 600, reports.count_pages),
    Round("exports", 30, reports.make_exports),
    Round("decisions", 900, decisions.watch_decisions),
)


async def study(settings: Settings, server: Server) -> None:
    """Until told to end (SIGTERM, SIGINT)."""
    loop = asyncio.get_running_loop()
    os.nice(NICENESS)
    async with open_house(settings, server, pool_size=6) as house:
        leadership = Leadership(
            house,
            server.url,
            "aftercare study leads",
            ROUNDS,
            (keep_refreshed,),
            patience=SECONDS_OF_PATIENCE,
        )
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, leadership.stop)
        stop_with_parent(loop)
        calm_collector()
        log.info("study starts")
        await keep_up("study", leadership.lead, leadership.stopping)
        log.info("study has stopped")


def study_part(settings: Settings) -> None:
    """The study as one of several processes."""
    run_part(settings, partial(study, settings))

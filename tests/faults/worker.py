"""A worker as in life, but it pays through the stand-in and asks after lost answers within seconds."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from aftercare import house, worker
from aftercare.claims import refunds
from aftercare.house import find_server
from aftercare.kit.logs import configure_logs
from aftercare.kit.loop import run
from aftercare.notices import sending
from aftercare.settings import Settings
from tests.faults.standin import StandIns


def hurry(gateway_port: int) -> None:
    def standins(*_: object) -> Any:
        return StandIns(gateway_port)

    house.ConfiguredGateways = standins  # type: ignore[assignment, misc]
    sooner: Mapping[str, Any] = {"older_than": timedelta(seconds=2)}
    worker.claims.unknown_refunds = partial(refunds.unknown_refunds, **sooner)  # type: ignore[assignment]
    sending.ATTEMPT_LASTS = timedelta(seconds=5)
    rounds = tuple(replace(one, every=min(one.every, 1)) for one in worker.ROUNDS)
    worker.Worker.__init__.__kwdefaults__["rounds"] = rounds  # type: ignore[index]


if __name__ == "__main__":
    settings = Settings()
    configure_logs("console", "WARNING")
    hurry(int(sys.argv[1]))
    server = find_server(settings)
    try:
        run(worker.work(settings, server))
    finally:
        server.stop()

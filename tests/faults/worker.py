"""A worker as in life, but it pays through the stand-in and asks after lost answers within seconds."""

import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from aftercare import claims, house, worker
from aftercare.house import find_server
from aftercare.kit.logs import configure_logs
from aftercare.kit.loop import run
from aftercare.notices import sending
from aftercare.settings import Settings
from tests.faults.standin import StandIns


def hurry(gateway_port: int) -> None:
    def standins(*_: object) -> Any:
        return StandIns(gateway_port)

    # Through `vars`, since these are not for others to replace.
    vars(house)["ConfiguredGateways"] = standins
    vars(claims)["unknown_refunds"] = partial(claims.unknown_refunds, older_than=timedelta(seconds=2))
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

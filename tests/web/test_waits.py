"""For whom a claim waits is written once for the server and once for the browser: the two must say the same."""

import re
from pathlib import Path

from aftercare.claims.states import WAITING_FOR

TOLD = Path(__file__).parents[2] / "web" / "src" / "api" / "waits.ts"


def test_the_browser_knows_for_whom_a_claim_waits_as_the_server_does() -> None:
    told = dict(re.findall(r"^  (\w+): '(\w+)',$", TOLD.read_text(), re.MULTILINE))
    assert told == {state.value: who for state, who in WAITING_FOR.items() if who != "nobody"}

"""`aftercare insight decision`, `report` and `webhooks`, as they are called in a shell."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aftercare.cli import main
from aftercare.insights.decisions import NewDecision, plan, start
from aftercare.journal import House, begin
from aftercare.notices.webhooks import NewWebhook, new_webhook
from tests import given
from tests.conftest import NOON
from tests.insights.decisions.test_on_trial import boss


class Shell:
    """Runs it in a process of its own, as everybody calls it."""

    def __init__(self, house: House, home: Path) -> None:
        self.given = {
            **os.environ, "AFTERCARE_HOME": str(home), "AFTERCARE_DATABASE_URL": house.database.url,
        }  # fmt: skip

    def __call__(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "aftercare", "insight", *words],
            env=self.given,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


async def test_decisions_in_a_shell(own_house: House, tmp_path: Path) -> None:
    await given.a_shop(own_house)
    async with begin(own_house, boss()) as work:
        row = await plan(
            work,
            NewDecision.model_validate(
                {
                    "title": "Quicker decisions",
                    "hypothesis": "More is decided by itself.",
                    "indicator": "claim_decision",
                    "target": -0.1,
                    "roll_out": "all",
                    "starts_at": NOON,
                    "ends_at": NOON + timedelta(days=30),
                }
            ),
        )
        await start(work, row.id)
    insight = Shell(own_house, tmp_path)
    code, said, _ = insight("decision", "list", "--json")
    assert code == 0
    assert [(one["id"], one["state"], one["estimate"]) for one in json.loads(said)] == [
        (str(row.id), "running", None)
    ]
    code, said, _ = insight("decision")
    assert code == 0
    assert "Quicker decisions" in said
    # The end of an id is what its list shows, and is enough.
    code, said, _ = insight("decision", "look", str(row.id)[-12:])
    assert code == 0
    assert said.splitlines()[0] == "Quicker decisions (running)"
    assert "There is too little yet to say anything" in said
    assert insight("decision", "list", "--state", "kept", "--json")[:2] == (0, "[]\n")
    code, said, _ = insight("decision", "undo", str(row.id), "--why", "Nobody liked it.", "--json")
    assert (code, json.loads(said)["state"], json.loads(said)["why"]) == (0, "undone", "Nobody liked it.")
    code, said, told = insight("decision", "keep", str(row.id))
    assert (code, said) == (1, "")
    assert "That cannot be done with the decision as it stands." in told
    code, _, told = insight("decision", "show", "ffff-nothing")
    assert code == 1
    assert "There is no such decision" in told


async def test_reports_and_webhooks_in_a_shell(own_house: House, tmp_path: Path) -> None:
    shop = await given.a_shop(own_house)
    await given.an_order(own_house, shop)
    async with begin(own_house) as work:
        await new_webhook(
            work,
            NewWebhook(shop_id=shop.id, name="ERP", url="https://erp.example.com/in", facts=["claim.*"]),
            poster=None,
        )
    insight = Shell(own_house, tmp_path)
    code, said, _ = insight("webhooks", "--json")
    assert code == 0
    (hook,) = json.loads(said)
    assert (hook["name"], hook["url"], hook["facts"], hook["waiting"]) == (
        "ERP", "https://erp.example.com/in", ["claim.*"], 0,
    )  # fmt: skip
    code, said, _ = insight(
        "webhooks", "replay", hook["id"], "--since", "2026-03-01", "--fact", "claim.applied"
    )
    assert (code, said) == (0, "0 messages are on their way\n")
    code, said, told = insight(
        "report",
        "--month",
        "2026-02",
        "--shop",
        shop.code,
        "--public",
        "--locale",
        "en",
        "--excel",
        str(tmp_path / "r.xlsx"),
    )
    assert code == 0, told
    assert (tmp_path / "r.xlsx").read_bytes()[:2] == b"PK"
    assert shop.name in said.splitlines()[0]
    # It was shown, not kept.
    assert insight("report", "--json")[:2] == (0, "[]\n")
    code, _, told = insight("report", "--month", "2026-02", "--shop", "nowhere")
    assert (code, told.splitlines()[0]) == (1, "No shop has this code, or it is not yours to see.")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--target", "0.05", "--per-day", "100"], 2, "It needs --baseline (and --spread), or a --file"),
        (["--target", "0", "--per-day", "100", "--baseline", "0.5"], 2, "the target is not 0"),
        (
            ["--target", "0.1", "--per-day", "9", "--baseline", "7"],
            2,
            "the baseline is a share between 0 and 1",
        ),
        (
            ["--target", "1", "--per-day", "100", "--baseline", "0", "--spread", "1", "--parts"],
            2,
            "no part of",
        ),
    ],
)
def test_power_that_cannot_be_told(
    words: list[str],
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["aftercare", "insight", "decision", "power", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert told in capsys.readouterr().err


def test_power_needs_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def power(*words: str) -> dict[str, float]:
        monkeypatch.setattr(sys, "argv", ["aftercare", "insight", "decision", "power", *words, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        found: dict[str, float] = json.loads(capsys.readouterr().out)
        return found

    share = power("--target", "0.05", "--per-day", "100", "--baseline", "0.5")
    # Two arms of 1,565 for 50 % against 55 % (Cohen), and 1.9 times that for looking at any time.
    assert (share["units"], share["days"]) == (5_993, 60)
    parts = power("--target", "-0.1", "--per-day", "100", "--baseline", "500", "--spread", "1200", "--parts")
    assert (parts["units"], parts["days"]) == (31_203, 313)
    dice = np.random.default_rng(1)
    cost = np.where(dice.random(2_000) < 0.6, 0.0, dice.lognormal(6, 0.8, 2_000))
    pd.DataFrame({"cost": cost}).to_csv(tmp_path / "cases.csv", index=False)
    cases = power(
        "--target",
        "-0.2",
        "--per-day",
        "50",
        "--file",
        str(tmp_path / "cases.csv"),
        "--column",
        "cost",
        "--parts",
    )
    assert cases["baseline"] == pytest.approx(cost.clip(max=np.quantile(cost, 0.99)).mean())
    # Two arms of 7.85 · 2 · cv² ÷ ln(0.8)², and 1.9 times that.
    cut = cost.clip(max=np.quantile(cost, 0.99))
    fixed = 2 * 7.85 * 2 * (cut.std() / cut.mean()) ** 2 / np.log(0.8) ** 2
    assert cases["units"] == pytest.approx(1.91 * fixed, rel=0.02)

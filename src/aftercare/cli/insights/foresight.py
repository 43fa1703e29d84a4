"""insight late-orders, foresight: what will go wrong, learned from the past and tried on the future."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from aftercare.cli.words import aside, console, fail, in_house, table

ORDERS = typer.Argument(help="Folder with the tables of an order set in the form of Olist's.")
SPLIT = typer.Option(
    None, help="Learn from what was known before; usually when 80 % of the orders had been approved."
)


def add_to(insight: typer.Typer) -> None:
    insight.command("late-orders")(late_orders)
    insight.command("foresight")(foresight)


def late_orders(
    folder: Path = ORDERS,
    split: datetime | None = SPLIT,
    write: Path | None = typer.Option(
        None, "--csv", help="Write each later order with its chance to this file."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Foretell late orders of the future from those of the past, at approval and at hand-over to the carrier, and tell how well.

    Learned is only from orders that had arrived before the split; foretold are all orders approved from then on whose delivery is known.
    Late is what was delivered after the promised moment. Nothing learned later than an order's own moment is used for it.
    """
    import pandas as pd

    from aftercare.insights.foresight import try_late_orders

    with aside().status("…") as status:
        try:
            orders, at, trials = try_late_orders(folder, split_at(split) if split else None, status.update)
        except ValueError as few:
            fail(str(few))
    if write is not None:
        pd.concat([trial.foretold() for trial in trials]).to_csv(write, index=False)
    if as_json:
        told = {
            "orders": orders,
            "split": at.isoformat(),
            "models": [
                {
                    "moment": trial.moment,
                    "learned_from": trial.learned_from,
                    "learned_late": trial.learned_late,
                    "seconds": round(trial.learn_seconds, 2),
                    **asdict(trial.scores),
                }
                for trial in trials
            ],
        }
        typer.echo(json.dumps(told))
        return
    table(
        f"Late orders, learned before {at:%Y-%m-%d %H:%M:%S} UTC, foretold after",
        [
            "seen when",
            "learned from",
            "late",
            "foretold",
            "late",
            "AUC",
            "Brier",
            "Brier of the plain share",
            "ECE",
            "seconds",
        ],
        [
            [
                trial.moment.replace("_", " "),
                f"{trial.learned_from:,}",
                f"{trial.learned_late:,}",
                f"{trial.scores.count:,}",
                f"{trial.scores.happened:,}",
                "not enough" if trial.scores.auc is None else f"{trial.scores.auc:.4f}",
                f"{trial.scores.brier:.4f}",
                f"{trial.scores.brier_plain:.4f}",
                f"{trial.scores.ece:.4f}",
                f"{trial.learn_seconds:.1f}",
            ]
            for trial in trials
        ],
        right=(
            "learned from",
            "late",
            "foretold",
            "AUC",
            "Brier",
            "Brier of the plain share",
            "ECE",
            "seconds",
        ),
    )
    for trial in trials:
        bins = ", ".join(f"{one.said:.0%}→{one.happened:.0%}" for one in trial.scores.bins)
        console().print(f"{trial.moment.replace('_', ' ')}: said → happened, by tenths: {bins}")


def split_at(told: datetime) -> datetime:
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def foresight(
    anew: bool = typer.Option(False, "--learn", help="Learn all models anew and tell all chances now."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """How good the models of this installation are, and what is likeliest to go wrong."""
    from aftercare.insights import foresight
    from aftercare.journal import SYSTEM, House, begin

    async def looked(
        house: House,
    ) -> tuple[list[foresight.Learned], list[foresight.ModelCard], list[foresight.ChanceView]]:
        done = []
        if anew:
            done = await foresight.learn(house)
            await foresight.tell(house)
        async with begin(house, SYSTEM) as work:
            cards = await foresight.model_cards(work)
            orders = (await foresight.chances(work, "orders", limit=10)).items
            cases = (await foresight.chances(work, "cases", limit=10)).items
        return done, cards, [*orders, *cases]

    with aside().status("Learning …" if anew else "Looking …"):
        done, cards, likely = in_house(looked)
    few = {one.name: one.too_few for one in done if one.too_few}
    if as_json:
        told = {
            "models": [card.model_dump(mode="json") for card in cards],
            "likely": [one.model_dump(mode="json") for one in likely],
        }
        typer.echo(json.dumps(told))
        return

    def number(scores: dict[str, Any], name: str) -> str:
        return f"{scores[name]:.3f}" if scores.get(name) is not None else "not enough"

    table(
        "Models",
        ["foretells", "version", "learned from", "happened", "AUC", "Brier", "of the plain share", "ECE"],
        [
            [
                card.foretells,
                card.version or "not enough",
                f"{card.learned_from:,}" if card.version else _few(few.get(card.foretells)),
                f"{card.happened:,}" if card.version else "",
                *(
                    number(card.scores, name) if card.version else ""
                    for name in ("auc", "brier", "brier_plain", "ece")
                ),
            ]
            for card in cards
        ],
        right=("version", "learned from", "happened", "AUC", "Brier", "of the plain share", "ECE"),
    )
    table(
        "Likeliest",
        ["what", "which", "chance", "usually", "why"],
        [
            [
                one.foretells,
                one.number or one.subject_id,
                f"{one.chance:.0%}",
                f"{one.usual:.0%}",
                ", ".join(f"{why.reason} {why.effect:+.1f}" for why in one.why if why.effect > 0),
            ]
            for one in likely
        ],
        right=("chance", "usually"),
    )


def _few(few: tuple[int, int] | None) -> str:
    return f"{few[1]} of {few[0]}" if few else ""

"""assistant: train what understands people, and see how well it does on any labelled set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import aside, console, fail, in_house, progress, settings, table

if TYPE_CHECKING:
    from aftercare.assistant import Classifier, KeptModel, ModelView
    from aftercare.journal import House

tasks = typer.Typer(
    help="The assistant: intents learned from labelled examples, and how well they are told.",
    no_args_is_help=True,
)
NAME = typer.Option("trial", help="What the model is called; every training makes a new version.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(tasks, name="assistant")


@tasks.command()
def train(
    source: Path = typer.Argument(
        help="CSV with the columns text, intent and, if wanted, oos; of a folder all train*.csv.", exists=True
    ),
    name: str = NAME,
    reply_choice: bool = typer.Option(
        False, "--reply-choice", help="Learn which answer fits, from NAME.enc and NAME.dec."
    ),
    lost: float | None = typer.Option(
        None,
        min=0.0,
        max=0.5,
        help="Share of right answers that may be lost for keeping more out of scope out; else 0.01 or 0.02.",
    ),
) -> None:
    """Learns from labelled examples and keeps the model in the home folder."""
    from aftercare.assistant import ModelShelf, read_examples, read_pairs, train_replies
    from aftercare.assistant import train as learn

    if reply_choice:
        pairs = read_pairs(_pairs_in(source, "train"))
        with progress() as tell:
            chooser = train_replies(pairs, tell=tell)
        shelved = ModelShelf(settings().home).put(f"{name}-replies", chooser)
        console().print(f"{len(pairs):,} answers to conversations learned in {chooser.about['seconds']} s")
        console().print(f"{shelved.path}  version {shelved.version}, sha256 {shelved.digest[:12]}")
        return
    examples = read_examples(source)
    with progress() as tell:
        model = learn(examples, tell=tell, lost=lost)
    kept = ModelShelf(settings().home).put(name, model)
    about = model.about
    said = console()
    said.print(
        f"{about['examples']:,} examples of {len(model.intents)} intents, {about['outside']:,} out of scope:"
        f" learned in {about['seconds']} s"
    )
    back = about["kept_back"]
    recall = (
        f", out of scope kept out {back['outside_recall']:.1%} ({about['gate_from']})"
        if "outside_recall" in back
        else ""
    )
    said.print(
        f"on {back['examples']:,.0f} kept-back examples: accuracy {back['accuracy']:.1%}, ECE {back['ece']:.1%}{recall}"
    )
    said.print(f"{kept.path}  version {kept.version}, sha256 {kept.digest[:12]}")
    _write_down(kept, model)


def _write_down(kept: KeptModel, model: Classifier) -> None:
    """In the table of models, where there is a house; a model that was only tried on this machine is as good without."""
    from sqlalchemy.exc import DBAPIError

    from aftercare.assistant import register
    from aftercare.journal import SYSTEM, begin
    from aftercare.kit.cluster import ClusterUnavailable

    async def story(house: House) -> None:
        async with begin(house, SYSTEM) as work:
            await register(work, kept, model)

    try:
        in_house(story)
    except (DBAPIError, OSError, ClusterUnavailable):
        aside().print(
            "Not written into the table of models: there is no database of this version (`aftercare migrate`)."
        )


@tasks.command()
def learn() -> None:
    """Learns the house's own model anew, with everything that staff taught. It serves once it is promoted."""
    from aftercare.assistant import train_house_model

    found = in_house(train_house_model)
    console().print(
        f"house version {found.version}: {found.examples:,} examples of {found.intents} intents,"
        f" {found.scores.get('accuracy', 0):.1%} right on kept-back sentences"
    )


@tasks.command()
def promote(version: int = typer.Argument(help="Of the house's own model.")) -> None:
    """Tries a version on kept-back examples and last week's talks; lets it serve, or refuses it where it does worse."""
    from aftercare.assistant import promote as let_serve
    from aftercare.journal import SYSTEM

    async def story(house: House) -> ModelView:
        return await let_serve(house, SYSTEM, version)

    found = in_house(story)
    trial = found.trial or {}
    console().print(
        f"house version {found.version} serves: {trial.get('accuracy', 0):.1%} right on kept-back examples"
        f" (before {trial.get('accuracy_before', 0):.1%}), {trial.get('agreed', 0):.1%} of last week's turns"
        f" (before {trial.get('agreed_before', 0):.1%})"
    )


@tasks.command()
def models() -> None:
    """Every model that was trained: by whom, on what, how well it does."""
    from aftercare.assistant import models as known
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> list[ModelView]:
        async with begin(house, SYSTEM) as work:
            return await known(work)

    table(
        "",
        ["model", "version", "state", "trained", "examples", "intents", "accuracy", "learned from"],
        [
            [
                one.name,
                one.version,
                one.state.value,
                f"{one.trained_at:%Y-%m-%d %H:%M}",
                f"{one.examples:,}",
                one.intents,
                f"{one.scores['accuracy']:.1%}" if "accuracy" in one.scores else "",
                one.trained_on[:12],
            ]
            for one in in_house(story)
        ],
        right=("version", "examples", "intents", "accuracy"),
    )


@tasks.command()
def switch(
    shop: str = typer.Argument(help="Code of the shop."),
    off: bool = typer.Option(False, "--off", help="Answer no more."),
    language_model: bool = typer.Option(False, "--language-model", help="Let the language model help there."),
) -> None:
    """Lets the assistant answer the customers of a shop by itself, in the portal and in the chat."""
    from aftercare.assistant import switch as turn
    from aftercare.identity import find_shop
    from aftercare.journal import SYSTEM, begin

    async def story(house: House) -> None:
        async with begin(house, SYSTEM) as work:
            found = await find_shop(work, shop)
            await turn(work, found.id, active=not off, language_model=language_model)

    in_house(story)
    console().print(f"The assistant is {'off' if off else 'on'} in {shop}.")


@tasks.command()
def score(
    source: Path = typer.Argument(help="Labelled CSV that the model has not seen.", exists=True),
    name: str = NAME,
    version: int | None = typer.Option(None, help="Another than the newest."),
    reply_choice: bool = typer.Option(
        False, "--reply-choice", help="How often the answer that came is put first of ten."
    ),
) -> None:
    """How well a model tells what people want, on examples that it has not seen."""
    from aftercare.assistant import read_examples
    from aftercare.assistant import score as judge

    if reply_choice:
        _score_replies(source, name, version)
        return
    model = _model(name, version)
    found = judge(model, read_examples(source, training=False))
    rows: list[list[object]] = [["examples in scope", f"{found.examples:,}"]]
    if found.examples:
        rows += [
            ["accuracy", f"{found.accuracy:.2%}"],
            ["macro-F1", f"{found.macro_f1:.2%}"],
            ["accuracy behind the threshold", f"{found.answered_accuracy:.2%}"],
            ["calibration error (ECE)", f"{found.ece:.2%}"],
        ]
    rows.append(["threshold", f"{found.threshold:.3f}"])
    if found.outside_recall is not None:
        rows += [
            ["examples out of scope", f"{found.outside_examples:,}"],
            ["out-of-scope recall", f"{found.outside_recall:.2%}"],
        ]
    rows.append(["an answer takes p50 / p95", f"{found.p50_ms:.1f} / {found.p95_ms:.1f} ms of processor"])
    table("", ["measure", "value"], rows, right=("value",))
    if found.trade:
        console().print("The threshold is chosen in training (--lost). On these examples others would give:")
        table(
            "",
            ["right answers lost", "accuracy behind it", "out-of-scope recall"],
            [[f"{lost:.0%}", f"{behind:.1%}", f"{kept_out:.1%}"] for lost, behind, kept_out in found.trade],
            right=("right answers lost", "accuracy behind it", "out-of-scope recall"),
        )
    if found.unknown_intents:
        console().print(
            f"Intents that the model has never seen: {', '.join(found.unknown_intents[:10])}"
            + (" …" if len(found.unknown_intents) > 10 else "")
        )


def _pairs_in(source: Path, beginning: str) -> Path:
    if source.is_dir():
        found = sorted(source.glob(f"{beginning}*.enc")) or sorted(source.glob("*.enc"))
        if not found:
            fail(f"{source} holds no conversations (.enc).")
        return found[0]
    return source


def _score_replies(source: Path, name: str, version: int | None) -> None:
    from aftercare.assistant import ModelShelf, read_pairs, recall_at_one

    chooser = ModelShelf(settings().home).replies(f"{name}-replies", version)
    if chooser is None:
        fail(f"There is no model {name}-replies: train one with `aftercare assistant train --reply-choice`.")
    pairs = read_pairs(_pairs_in(source, "test"))
    table(
        "",
        ["measure", "value"],
        [["conversations", f"{len(pairs):,}"], ["R10@1", f"{recall_at_one(chooser, pairs):.3f}"]],
        right=("value",),
    )


def _model(name: str, version: int | None) -> Classifier:
    from aftercare.assistant import ModelShelf

    found = ModelShelf(settings().home).get(name, version)
    if found is None:
        fail(f"There is no model {name}: train one with `aftercare assistant train`.")
    return found

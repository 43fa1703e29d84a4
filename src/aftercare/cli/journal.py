"""journal: what happened, and which reactions did not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import aside, console, fail, in_house, table

if TYPE_CHECKING:
    from aftercare.journal import Entry, FailedDelivery, House, Lane

tasks = typer.Typer(help="What happened, and what did not follow.", no_args_is_help=True)
REACTION = typer.Argument(help="Name of the reaction, as `journal failed` shows it.")
POSITION = typer.Argument(help="Position of the fact.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(tasks, name="journal")


@tasks.command()
def tail(
    number: int = typer.Option(20, "-n", min=1, max=200, help="How many to begin with."),
    name: list[str] | None = typer.Option(None, "--name", help="Only facts of this name; repeat for more."),
    follow: bool = typer.Option(False, "-f", "--follow", help="Go on as facts come in, until Ctrl-C."),
) -> None:
    """The newest facts, oldest of them first."""
    import asyncio

    from aftercare.journal import SYSTEM, audit, begin

    async def newest(house: House) -> list[Entry]:
        async with begin(house, SYSTEM) as work:
            return list(reversed((await audit(work, names=name or (), limit=number)).items))

    async def story(house: House) -> None:
        seen: set[int] = set()
        while True:
            for entry in await newest(house):
                if entry.position not in seen:
                    seen.add(entry.position)
                    _say(entry)
            if not follow:
                return
            await asyncio.sleep(0.5)

    in_house(story)


def _say(entry: Entry) -> None:
    data = " ".join(f"{field}={value}" for field, value in entry.data.items())
    console().print(
        f"{entry.at:%Y-%m-%d %H:%M:%S} {entry.position:>8} {entry.name:<24} {entry.actor_kind:<11} {data}",
        markup=False,
    )


@tasks.command()
def failed() -> None:
    """Reactions that gave up or were set aside. Exit code 1 if there are any."""
    from aftercare.journal import SYSTEM, begin, failed_deliveries

    async def story(house: House) -> list[FailedDelivery]:
        async with begin(house, SYSTEM) as work:
            return await failed_deliveries(work)

    found = in_house(story)
    if not found:
        console().print("No reaction has failed.")
        return
    table(
        "",
        ["reaction", "position", "fact", "at", "state", "attempts", "behind", "error"],
        [
            [one.reaction, one.position, one.fact, f"{one.at:%Y-%m-%d %H:%M}", one.state, one.attempts, one.held_behind,
             (one.error or "").splitlines()[0][:200]]
            for one in found
        ],
    )  # fmt: skip
    raise typer.Exit(1)


@tasks.command()
def retry(reaction: str = REACTION, position: int = POSITION) -> None:
    """Let a failed reaction run again; the worker takes it up."""
    _put(reaction, position, again=True)
    console().print("It will run again.")


@tasks.command("set-aside")
def put_aside(reaction: str = REACTION, position: int = POSITION) -> None:
    """Take a failed reaction out, so that what waits behind it goes on."""
    _put(reaction, position, again=False)
    console().print("Set aside.")


def _put(reaction: str, position: int, *, again: bool) -> None:
    from aftercare.journal import SYSTEM, begin, retry, set_aside
    from aftercare.worker import queue_lanes

    async def story(house: House) -> Lane | None:
        async with begin(house, SYSTEM) as work:
            lane = await (retry if again else set_aside)(work, reaction, position)
            if lane is not None:
                await queue_lanes(work, [lane], key=None)
            return lane

    if in_house(story) is None:
        fail(f"{reaction} has nothing failed at {position}.")


@tasks.command()
def drain() -> None:
    """Run everything that waits, here and now, beside any worker."""
    from aftercare.journal import drain

    began = time.monotonic()
    with aside().status("Running what waits …"):
        ran = in_house(lambda house: drain(house, only_writer=False))
    console().print(f"{ran:,} reactions in {time.monotonic() - began:.1f} s.")

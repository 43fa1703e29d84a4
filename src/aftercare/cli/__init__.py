"""The command line: `aftercare`.

Exit codes: 0 done; 1 refused, failed, or something was found; 2 not understood. Commands import what they run inside, so that
help is there at once.
"""

import sys

import typer

from aftercare.cli import assistant, checking, imports, insights, journal, mail, people, policies, running
from aftercare.cli.words import complain

app = typer.Typer(
    name="aftercare",
    help="Aftercare: everything that happens between paid and satisfied.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
running.add_to(app)
imports.add_to(app)
people.add_to(app)
journal.add_to(app)
policies.add_to(app)
mail.add_to(app)
assistant.add_to(app)
insights.add_to(app)
checking.add_to(app)


def _tell_version(asked: bool) -> None:
    if asked:
        from aftercare import __version__

        typer.echo(f"aftercare {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", help="Tell the version.", callback=_tell_version, is_eager=True
    ),
) -> None:
    """Aftercare: everything that happens between paid and satisfied."""


def main() -> None:
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as failure:
        sys.exit(complain(failure))

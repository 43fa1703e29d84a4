"""Logs: one line per event, JSON or for eyes, with the id of the request in each; libraries' own lines take the same form.

What people wrote, and what a database says about their rows, stays out: statements are logged without their parameters, and
PostgreSQL's DETAIL, which quotes values, is cut.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast
from uuid import UUID

import structlog

# As a line of a traceback, and as it stands inside the repr of an exception.
_DETAIL = re.compile(r"DETAIL:.*?(?=\n|\\n|$)")
_QUIET = {"uvicorn.access": logging.CRITICAL, "alembic": logging.WARNING, "pgqueuer": logging.WARNING}


class _Stderr:
    """Wherever stderr goes when a line is written."""

    def write(self, line: str) -> int:
        return sys.stderr.write(line)

    def flush(self) -> None:
        sys.stderr.flush()


def without_details(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in ("error", "exception", "event"):
        if isinstance(event.get(name), str):
            event[name] = _DETAIL.sub("DETAIL left out", event[name])
    return event


def configure_logs(form: Literal["json", "console"], level: str) -> None:
    """For a whole process, once. Everything goes to stderr: stdout belongs to what a command answers."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_details,
    ]
    rendered: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        # Our own lines are written as they are; only those of libraries go by way of the standard library.
        processors=[*shared, rendered],
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Stderr())),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendered],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)


def plain_path(path: str) -> str:
    """A path as it may be logged: long segments that are no ids may open something (links by mail, public tracking)."""
    return "/".join("…" if len(part) > 24 and not _is_id(part) else part for part in path.split("/"))


def _is_id(part: str) -> bool:
    try:
        return str(UUID(part)) == part.lower()
    except ValueError:
        return False

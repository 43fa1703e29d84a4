"""How a process of ours runs: on uvloop where there is one, with a garbage collector that leaves long-lived objects alone."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)


def calm_collector() -> None:
    """For a process that has loaded all it needs: measured, this is the difference in the slowest hundredth of requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)

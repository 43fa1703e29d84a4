"""Child processes of tests."""

import ctypes
import resource
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PR_SET_PDEATHSIG = 1


def die_with_us() -> None:
    """In a child, before it begins: nothing is left running when the tests themselves are killed (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def child(most_file_bytes: int | None = None) -> None:
    """In a child, before it begins. No file of it grows beyond so many bytes, as on a disk that is full."""
    die_with_us()
    if most_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_file_bytes, most_file_bytes))

"""Ports for servers that must be told one before they start."""

import secrets
import socket
from contextlib import suppress

LOWEST, HIGHEST = 20_000, 32_000
"""Below what systems give to connections by themselves, which might take one in the moment before its server does."""


def free_port() -> int:
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port

"""Passwords at a cost for tests; `dear_passwords` gives back the real one."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from aftercare.identity import passwords
from tests.identity.people import CHEAP

# Noted before any test runs: others make passwords cheap for a whole session.
DEAR = passwords._hasher


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    monkeypatch.setattr(passwords, "_hasher", DEAR if "dear_passwords" in request.fixturenames else CHEAP)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def dear_passwords() -> PasswordHasher:
    """The cost of the product: some 150 ms and 64 MiB each."""
    return DEAR

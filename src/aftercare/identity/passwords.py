"""Passwords: argon2id, two at once at most (64 MiB each), and what is too easy to guess."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from aftercare.identity.model import PasswordTooWeak

SHORTEST, LONGEST = 10, 200

# t=3, m=64 MiB, p=1: some 150 ms on one core, RFC 9106's second recommendation with one lane.
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)

_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")

_EASY = re.compile(
    r"password|passw0rd|qwert|asdf|zxcv|iloveyou|letmein|welcome|admin|aftercare|abcde|01234|12345|23456|98765|woaini|5201314",
    re.IGNORECASE,
)


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_pool, _hasher.hash, password)


async def password_is(password: str, stored: str | None) -> bool:
    """Takes as long when there is nothing to compare with."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _verify, password, stored)


def needs_rehash(stored: str) -> bool:
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")


def _verify(password: str, stored: str | None) -> bool:
    try:
        _hasher.verify(stored or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def check_strength(password: str, *own_words: str) -> None:
    """Refuses with PasswordTooWeak; `reason` is too_short, too_long, too_plain, too_common or own_name.

    `own_words` are the person's name and e-mail address."""
    if len(password) < SHORTEST:
        raise PasswordTooWeak(reason="too_short", shortest=SHORTEST)
    if len(password) > LONGEST:
        raise PasswordTooWeak(reason="too_long", longest=LONGEST)
    if len(set(password.lower())) < 5:
        raise PasswordTooWeak(reason="too_plain")
    folded = password.lower()
    for word in own_words:
        for part in re.split(r"[\s@.]+", word.lower()):
            if len(part) >= 4 and part in folded:
                raise PasswordTooWeak(reason="own_name")
    # A common word is no harm inside something long; it is when little else is left.
    if len(_EASY.sub("", password)) < 6 and _EASY.search(password):
        raise PasswordTooWeak(reason="too_common")

"""Refusals: the plain answer to what may not, or cannot, be done.

The family gives the HTTP status, the class name the code, the docstring's first line the sentence, the keywords the data.
Sent as ``application/problem+json`` (RFC 9457); the faces translate by code.
"""

import re
from typing import ClassVar


class Refusal(Exception):
    """This cannot be done as things stand."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refusal"

    def __init__(self, **data: object) -> None:
        super().__init__(self.title)
        self.data = data

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @property
    def title(self) -> str:
        return (type(self).__doc__ or self.code).strip().splitlines()[0]

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.data.items())
        return f"{self.title} ({told})" if told else self.title


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    status = 404


class NotAllowed(Refusal):
    """You may not do this."""

    status = 403


class NotSignedIn(Refusal):
    """Please sign in first."""

    status = 401


class Invalid(Refusal):
    """Something in what was sent is not right."""

    status = 422


class TooMany(Refusal):
    """Too many attempts; please wait a little."""

    status = 429


class Unavailable(Refusal):
    """A part that is needed cannot be reached right now; please try again shortly."""

    status = 503

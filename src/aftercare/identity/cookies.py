"""The two cookies of a session: its token, which no script reads, and the CSRF token, which ours must read."""

from collections.abc import Sequence
from dataclasses import dataclass

from aftercare.identity.sessions import Opened

SESSION_COOKIE = "aftercare_session"
CSRF_COOKIE = "aftercare_csrf"
CSRF_HEADER = b"x-csrf-token"


@dataclass(frozen=True, slots=True)
class Cookie:
    """`response.headers.append("set-cookie", cookie.header)` sets it."""

    name: str
    value: str
    attributes: Sequence[str]

    @property
    def header(self) -> str:
        return "; ".join([f"{self.name}={self.value}", *self.attributes])


def session_cookies(opened: Opened, *, secure: bool) -> list[Cookie]:
    """`secure`: the page came over https, or the installation's own address is https."""
    return _cookies(opened.token, opened.csrf, opened.seconds, secure)


def no_session_cookies(*, secure: bool) -> list[Cookie]:
    """Removes both."""
    return _cookies("", "", 0, secure)


def _cookies(token: str, csrf: str, seconds: int, secure: bool) -> list[Cookie]:
    shared = ["Path=/", "SameSite=Lax", f"Max-Age={seconds}", *(["Secure"] if secure else [])]
    return [Cookie(SESSION_COOKIE, token, [*shared, "HttpOnly"]), Cookie(CSRF_COOKIE, csrf, shared)]

"""What webhooks need of the outside world: somebody who posts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True)
class PostAnswer:
    """`status` is None when nobody answered; then `error` says why."""

    status: int | None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookPoster(Protocol):
    """The port. Follows no redirect, and connects to no address of an inner network unless the installation allows it."""

    def may_post_to(self, url: str) -> bool:
        """By the look of the address alone; what a name stands for is looked at with each post."""
        ...

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> PostAnswer: ...

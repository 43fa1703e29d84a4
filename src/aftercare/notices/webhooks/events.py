"""What is written down about webhooks: never their addresses or secrets."""

from typing import ClassVar, Literal
from uuid import UUID

from aftercare.journal import Fact


class WebhookCreated(Fact):
    """From now on somebody outside is told what happens."""

    name: ClassVar[str] = "webhook.created"
    webhook_id: UUID
    facts: list[str]
    grants: list[str]


class WebhookChanged(Fact):
    name: ClassVar[str] = "webhook.changed"
    webhook_id: UUID
    facts: list[str]
    grants: list[str]


class WebhookSecretRotated(Fact):
    """The old secret is used beside the new one for so many hours."""

    name: ClassVar[str] = "webhook.secret_rotated"
    webhook_id: UUID
    old_for_hours: int


class WebhookSwitched(Fact):
    """By a person."""

    name: ClassVar[str] = "webhook.switched"
    webhook_id: UUID
    on: bool


class WebhookGaveUp(Fact):
    """It is told nothing any more: it failed for days, or answered that it is gone."""

    name: ClassVar[str] = "webhook.gave_up"
    webhook_id: UUID
    why: Literal["failing", "gone"]
    days: int


class WebhookReplayed(Fact):
    """What had happened since a moment was laid out again, under the ids that it had."""

    name: ClassVar[str] = "webhook.replayed"
    webhook_id: UUID
    posts: int


class WebhookRemoved(Fact):
    name: ClassVar[str] = "webhook.removed"
    webhook_id: UUID

"""Webhooks: who outside is told what happens.

A **webhook** is an address that is told the facts that its patterns mean (`claim.*`). A **post** is one fact on its way to one
address; its id follows from both. Posts about one object are sent in the order in which it happened, again and again until they
are taken. **Granted** details stand beside the ids; without a grant no message names a person.
"""

from aftercare.notices.webhooks import reactions as _reactions  # noqa: F401  # registers what follows from facts
from aftercare.notices.webhooks.catalogue import fitting, schema_of
from aftercare.notices.webhooks.model import (
    SharedFactsMarkUnreadable,
    WebhookAddressNotPossible,
    WebhookFactUnknown,
    WebhookGrantUnknown,
    WebhookIsOff,
    WebhookState,
)
from aftercare.notices.webhooks.ports import PostAnswer, WebhookPoster
from aftercare.notices.webhooks.posting import drain_webhooks, forget_old_posts, post_webhooks
from aftercare.notices.webhooks.queries import (
    get_webhook,
    list_posts,
    list_webhooks,
    sharable,
    shared_journal,
)
from aftercare.notices.webhooks.verbs import (
    NewWebhook,
    WebhookChange,
    WebhookView,
    change_webhook,
    new_webhook,
    remove_webhook,
    replay,
    rotate_secret,
    send_test,
    switch_webhook,
)

__all__ = [
    "NewWebhook",
    "PostAnswer",
    "SharedFactsMarkUnreadable",
    "WebhookAddressNotPossible",
    "WebhookChange",
    "WebhookFactUnknown",
    "WebhookGrantUnknown",
    "WebhookIsOff",
    "WebhookPoster",
    "WebhookState",
    "WebhookView",
    "change_webhook",
    "drain_webhooks",
    "fitting",
    "forget_old_posts",
    "get_webhook",
    "list_posts",
    "list_webhooks",
    "new_webhook",
    "post_webhooks",
    "remove_webhook",
    "replay",
    "rotate_secret",
    "schema_of",
    "send_test",
    "sharable",
    "shared_journal",
    "switch_webhook",
]

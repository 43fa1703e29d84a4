"""The shapes of the facts; who changes one decides about every fact already written."""

from aftercare.identity import events
from aftercare.journal import FACTS

SHAPES = {
    "account.changed": ["account_id", "fields"],
    "account.created": ["account_id", "role"],
    "account.deactivated": ["account_id"],
    "account.reactivated": ["account_id"],
    "entry.refused": ["entry_code_id", "reason"],
    "entry_code.issued": ["entry_code_id"],
    "membership.changed": ["account_id", "role", "every_shop", "shops"],
    "password.changed": ["account_id", "how"],
    "password_link.made": ["account_id", "password_link_id"],
    "recovery_code.used": ["account_id", "left"],
    "role.changed": ["role_id", "added", "removed"],
    "session.closed": ["session_id", "account_id", "why"],
    "session.opened": ["session_id", "account_id", "customers", "how"],
    "shop.added": [],
    "shop.changed": ["fields"],
    "sign_in.refused": ["account_id", "address", "reason"],
    "token.created": ["api_token_id", "account_id", "scopes"],
    "token.revoked": ["api_token_id", "account_id"],
    "totp.disabled": ["account_id"],
    "totp.enabled": ["account_id"],
}


def test_the_shapes_of_the_facts() -> None:
    ours = {name: fact for name, fact in FACTS.items() if fact.__module__ == events.__name__}
    assert {name: list(fact.model_fields)[1:] for name, fact in sorted(ours.items())} == SHAPES
    assert [name for name, fact in ours.items() if fact.public] == []

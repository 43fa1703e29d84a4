"""What is written down about entering and about who may do what. No words, no addresses, no names."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class ShopAdded(Fact):
    name: ClassVar[str] = "shop.added"


class ShopChanged(Fact):
    name: ClassVar[str] = "shop.changed"

    fields: list[str]


class RoleChanged(Fact):
    """A role was added, or its permissions are others now."""

    name: ClassVar[str] = "role.changed"

    role_id: UUID
    added: list[str]
    removed: list[str]


class AccountCreated(Fact):
    name: ClassVar[str] = "account.created"

    account_id: UUID
    role: str


class AccountChanged(Fact):
    name: ClassVar[str] = "account.changed"

    account_id: UUID
    fields: list[str]


class AccountDeactivated(Fact):
    name: ClassVar[str] = "account.deactivated"

    account_id: UUID


class AccountReactivated(Fact):
    name: ClassVar[str] = "account.reactivated"

    account_id: UUID


class MembershipChanged(Fact):
    """`shops` empty and `every_shop` true: all of them."""

    name: ClassVar[str] = "membership.changed"

    account_id: UUID
    role: str
    every_shop: bool
    shops: list[UUID]


class PasswordChanged(Fact):
    """`how`: changed by its owner, or set with a link."""

    name: ClassVar[str] = "password.changed"

    account_id: UUID
    how: str


class PasswordLinkMade(Fact):
    name: ClassVar[str] = "password_link.made"

    account_id: UUID
    password_link_id: UUID


class TotpEnabled(Fact):
    name: ClassVar[str] = "totp.enabled"

    account_id: UUID


class TotpDisabled(Fact):
    name: ClassVar[str] = "totp.disabled"

    account_id: UUID


class RecoveryCodeUsed(Fact):
    name: ClassVar[str] = "recovery_code.used"

    account_id: UUID
    left: int


class SessionOpened(Fact):
    """`how`: password, totp, recovery_code, entry_code or store."""

    name: ClassVar[str] = "session.opened"

    session_id: UUID
    account_id: UUID | None = None
    customers: tuple[UUID, ...] = ()
    how: str


class SessionClosed(Fact):
    """`why`: signed_out, revoked, password_changed, account_deactivated or memberships_changed."""

    name: ClassVar[str] = "session.closed"

    session_id: UUID
    account_id: UUID | None = None
    why: str


class SignInRefused(Fact):
    """`address` is a keyed digest: equal addresses can be seen to be equal, and nothing else."""

    name: ClassVar[str] = "sign_in.refused"

    account_id: UUID | None = None
    address: str | None = None
    reason: str


class TokenCreated(Fact):
    name: ClassVar[str] = "token.created"

    api_token_id: UUID
    account_id: UUID | None = None
    scopes: list[str]


class TokenRevoked(Fact):
    name: ClassVar[str] = "token.revoked"

    api_token_id: UUID
    account_id: UUID | None = None


class EntryCodeIssued(Fact):
    """Somebody waits for six digits: the text is `entry_code_text`, the addressee `entry_code_contact`."""

    name: ClassVar[str] = "entry_code.issued"

    entry_code_id: UUID


class EntryRefused(Fact):
    name: ClassVar[str] = "entry.refused"

    entry_code_id: UUID
    reason: str

"""Shops, the people who work for them, and the keys with which anybody enters."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotFound, NotSignedIn, Refusal
from aftercare.kit.tables import Base, schema_extra, status_type


class Shop(Base):
    __tablename__ = "shop"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="a_shop_code_fits_into_an_address"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="a_shop_currency_has_three_letters"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(index=True)
    market: Mapped[str]
    """The legal market whose law pack applies: CN, TW, EU, UK, US, BR …"""
    locale: Mapped[str]
    time_zone: Mapped[str]
    currency: Mapped[str]
    support_email: Mapped[str | None]
    return_address: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime]


# Anybody may read what a shop is called; only who sees the shop may change it, and only who sees all may add one.
schema_extra("ALTER TABLE shop ENABLE ROW LEVEL SECURITY")
schema_extra("CREATE POLICY shop_is_known_to_all ON shop FOR SELECT USING (true)")
schema_extra(
    "CREATE POLICY shop_is_changed_by_its_own ON shop FOR UPDATE"
    " USING ((SELECT aftercare_all_shops()) OR id = ANY ((SELECT aftercare_shops())::uuid[]))"
)
schema_extra(
    "CREATE POLICY shop_is_added_by_the_group ON shop FOR INSERT WITH CHECK ((SELECT aftercare_all_shops()))"
)
schema_extra(
    "CREATE POLICY shop_is_removed_by_the_group ON shop FOR DELETE USING ((SELECT aftercare_all_shops()))"
)


class Role(Base):
    """A name for a set of permissions."""

    __tablename__ = "role"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    permissions: Mapped[list[str]]
    built_in: Mapped[bool] = mapped_column(server_default=text("false"))
    offered: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Of a built-in role: the permissions that there were when it was seeded last. Later ones are given to it then."""


class Account(Base):
    """A member of staff. Without `password_hash` the invitation has not been taken up yet."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="an_account_email_is_in_small_letters"),
        CheckConstraint(
            "totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name="a_second_factor_in_use_has_a_secret"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    locale: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    totp_secret: Mapped[str | None]
    """Sealed with the house's secret."""
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The 30-second step of the last code that was accepted; no code of it or before is accepted again."""
    created_at: Mapped[datetime]


class Membership(Base):
    """In which shops an account works; without a shop it works in all. All memberships of an account have one role."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "membership_account_id_shop_id_key",
            "account_id",
            "shop_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("membership_shop_id_idx", "shop_id"),
        Index("membership_role_idx", "role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(ForeignKey("role.name"))
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))


# Rows without a shop may otherwise be added by anybody; this one would open every shop.
for _command in ("INSERT", "UPDATE"):
    schema_extra(
        f"CREATE POLICY membership_of_all_shops_is_given_by_the_group_on_{_command.lower()} ON membership AS RESTRICTIVE"
        f" FOR {_command}{' USING (true)' if _command == 'UPDATE' else ''} WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()))"
    )


class RecoveryCode(Base):
    """Ten codes for the day on which the telephone is lost; each works once."""

    __tablename__ = "recovery_code"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime | None]


class PasswordLink(Base):
    """A link with which an invited or locked-out person sets a password, once. Its secret follows from `id` and the
    house's secret, so that a notice can write it and nobody can read it here."""

    __tablename__ = "password_link"
    __table_args__ = (Index("password_link_account_id_idx", "account_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SessionKind(StrEnum):
    staff = "staff"
    customer = "customer"


class SessionRow(Base):
    """Somebody signed in at one browser. Staff have an account; customers have what they have proven."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'staff') = (account_id IS NOT NULL)", name="a_staff_session_and_no_other_has_an_account"
        ),
        Index("session_account_id_idx", "account_id", postgresql_where=text("account_id IS NOT NULL")),
        Index("session_contact_idx", "contact", postgresql_where=text("contact IS NOT NULL")),
        Index("session_expires_at_idx", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    kind: Mapped[SessionKind] = mapped_column(
        status_type(SessionKind, "a_session_is_of_staff_or_of_a_customer")
    )
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    customers: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    shops: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Of a customer; staff have memberships."""
    contact: Mapped[str | None]
    locale: Mapped[str]
    device: Mapped[str | None]
    address: Mapped[str | None]
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Within a minute."""
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ApiToken(Base):
    """A key for a program. It never may more than the account that made it may today."""

    __tablename__ = "api_token"
    __table_args__ = (Index("api_token_account_id_idx", "account_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]]
    every_shop: Mapped[bool]
    shops: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """Within a minute."""
    revoked_at: Mapped[datetime | None]


class EntryCode(Base):
    """Six digits sent to a customer's own e-mail or telephone. The digits follow from `id` and the house's secret; a row
    without customers can never be redeemed, and looks from outside like any other."""

    __tablename__ = "entry_code"
    __table_args__ = (
        CheckConstraint("tries >= 0", name="an_entry_code_counts_its_tries"),
        Index("entry_code_contact_created_at_idx", "contact", "created_at"),
        Index("entry_code_expires_at_idx", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contact: Mapped[str]
    customers: Mapped[list[str]]
    shops: Mapped[list[str]]
    locale: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]


class SignInAttempt(Base):
    """How often a sign-in failed of late, per account and per address; both are keyed digests."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("sign_in_attempt_last_at_idx", "last_at"),)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime]


class Allowance(Base):
    """How much of a limit is used up in its present window. Worth nothing after a crash, so it is not logged."""

    __tablename__ = "allowance"
    __table_args__ = (
        Index("allowance_ends_at_idx", "ends_at"),
        {"prefixes": ["UNLOGGED"]},
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]
    ends_at: Mapped[datetime]


# A restricted manager must know that an account also works where the manager sees nothing, without seeing where.
schema_extra(
    """
    CREATE OR REPLACE FUNCTION account_reach(whose uuid) RETURNS TABLE (role text, shop_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$ SELECT m.role, m.shop_id FROM membership m WHERE m.account_id = whose $$
    """
)


class ShopCodeTaken(Refusal):
    """Another shop already has this code."""


class EmailTaken(Refusal):
    """Somebody already has an account with this e-mail address."""


class RoleNameTaken(Refusal):
    """There is already a role of this name."""


class RoleInUse(Refusal):
    """Somebody still has this role."""


class ShopNotFound(NotFound):
    """No shop has this code, or it is not yours to see."""


class RoleFixed(Refusal):
    """This role belongs to the product and stays as it is."""


class UnknownPermission(Invalid):
    """There is no such permission."""


class LastOwner(Refusal):
    """Somebody must remain who can manage users in every shop."""


class SignInFailed(NotSignedIn):
    """The e-mail address or the password is not right."""


class TotpCodeNeeded(NotSignedIn):
    """Please enter the six digits of your authenticator."""


class TotpCodeWrong(NotSignedIn):
    """These digits are not right, or were already used."""


class CodeNotRight(Refusal):
    """This code is not right, or was already used."""


class PasswordNotRight(Refusal):
    """The present password is not right."""


class PasswordTooWeak(Invalid):
    """Please choose a password that is harder to guess."""


class PasswordLinkSpent(Refusal):
    """This link was used already or is too old; please ask for a new one."""


class TotpAlreadyOn(Refusal):
    """The second factor is on already."""


class TotpNotOn(Refusal):
    """The second factor is not on."""


class EntryCodeSpent(Refusal):
    """This code is no longer valid; please ask for a new one."""


class EntryCodeWrong(Refusal):
    """These digits are not right."""

"""The second factor: six digits of an authenticator (RFC 6238), and ten codes for the day the telephone is lost."""

import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from pydantic import BaseModel
from sqlalchemy import delete, func, select, update

from aftercare.identity.cache import forget_who
from aftercare.identity.events import RecoveryCodeUsed, TotpDisabled, TotpEnabled
from aftercare.identity.keys import keyed, same, seal, unseal
from aftercare.identity.model import Account, CodeNotRight, RecoveryCode, TotpAlreadyOn, TotpNotOn
from aftercare.journal import ActorKind, House, Work
from aftercare.kit.errors import NotSignedIn

STEP = 30
RECOVERY_CODES = 10


class TotpEnrolment(BaseModel):
    """`uri` is for the QR code, `secret` for typing by hand."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Told this once."""

    recovery_codes: list[str]


async def enrol_totp(work: Work) -> TotpEnrolment:
    """Begins; nothing is asked at sign-in before `confirm_totp`. Refuses with TotpAlreadyOn."""
    account = await own_account(work)
    if account.totp_confirmed_at is not None:
        raise TotpAlreadyOn()
    secret = pyotp.random_base32()
    account.totp_secret = seal(work.house, f"totp:{account.id}", secret)
    await work.session.flush()
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name="Aftercare")
    return TotpEnrolment(secret=secret, uri=uri)


async def confirm_totp(work: Work, code: str) -> RecoveryCodes:
    """Shows that the authenticator works, and turns it on. Refuses with TotpNotOn, TotpAlreadyOn or CodeNotRight."""
    account = await own_account(work)
    if account.totp_secret is None:
        raise TotpNotOn()
    if account.totp_confirmed_at is not None:
        raise TotpAlreadyOn()
    _accept(work, account, code)
    account.totp_confirmed_at = work.now
    await work.session.flush()
    forget_who(work, lambda signed: signed.account_id == account.id)
    work.record(TotpEnabled(account_id=account.id))
    return await _fresh_codes(work, account.id)


async def disable_totp(work: Work, code: str) -> None:
    """Needs a code of the authenticator or a recovery code. Refuses with TotpNotOn or CodeNotRight."""
    account = await own_account(work)
    if account.totp_confirmed_at is None:
        raise TotpNotOn()
    if await use_second_factor(work, account, code) is None:
        raise CodeNotRight()
    await remove_totp_of(work, account)


async def new_recovery_codes(work: Work, code: str) -> RecoveryCodes:
    """The old ones stop working. Needs a code of the authenticator. Refuses with TotpNotOn or CodeNotRight."""
    account = await own_account(work)
    if account.totp_confirmed_at is None:
        raise TotpNotOn()
    _accept(work, account, code)
    await work.session.flush()
    return await _fresh_codes(work, account.id)


async def remove_totp_of(work: Work, account: Account) -> None:
    account.totp_secret, account.totp_confirmed_at = None, None
    await work.session.flush()
    await work.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    account_id = account.id
    forget_who(work, lambda signed: signed.account_id == account_id)
    work.record(TotpDisabled(account_id=account_id))


async def use_second_factor(work: Work, account: Account, code: str) -> str | None:
    """`totp` or `recovery_code` when the code is right and was not used before, and uses it up; else None.

    The account's row must be locked: two requests with the same code must not both succeed."""
    given = code.replace(" ", "").replace("-", "").lower()
    step = accepted_step(work.house, account, given, work.now)
    if step is not None:
        account.totp_last_step = step
        await work.session.flush()
        return "totp"
    used = await work.session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account.id,
            RecoveryCode.code_hash == _code_hash(work.house, account.id, given),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=work.now)
        .returning(RecoveryCode.account_id)
    )
    if used is None:
        return None
    left = await work.session.scalar(
        select(func.count()).where(RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None))
    )
    work.record(RecoveryCodeUsed(account_id=account.id, left=left or 0))
    return "recovery_code"


def accepted_step(house: House, account: Account, code: str, now: datetime) -> int | None:
    """The 30-second step to which the code belongs: this one, the one before or after, and later than the last accepted."""
    if account.totp_secret is None:
        return None
    totp = pyotp.TOTP(unseal(house, f"totp:{account.id}", account.totp_secret), interval=STEP)
    present = int(now.timestamp()) // STEP
    matching = [step for step in (present - 1, present, present + 1) if same(totp.generate_otp(step), code)]
    return next((step for step in matching if step > account.totp_last_step), None)


async def own_account(work: Work) -> Account:
    """The row of whoever acts, locked. Refuses with NotSignedIn."""
    if work.actor.kind is not ActorKind.staff:
        raise NotSignedIn()
    account = await work.session.scalar(
        select(Account).where(Account.id == work.actor.id, Account.active).with_for_update()
    )
    if account is None:
        raise NotSignedIn()
    return account


def _accept(work: Work, account: Account, code: str) -> None:
    step = accepted_step(work.house, account, code.replace(" ", ""), work.now)
    if step is None:
        raise CodeNotRight()
    account.totp_last_step = step


def _code_hash(house: House, account_id: UUID, code: str) -> bytes:
    return keyed(house, f"recovery:{account_id}", code)


async def _fresh_codes(work: Work, account_id: UUID) -> RecoveryCodes:
    # Letters and figures that nobody mistakes for one another; 31 of them, so 49 bits in ten.
    alphabet = "23456789abcdefghjkmnpqrstuvwxyz"
    codes = ["".join(secrets.choice(alphabet) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    await work.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    work.session.add_all(
        RecoveryCode(account_id=account_id, code_hash=_code_hash(work.house, account_id, code))
        for code in codes
    )
    await work.session.flush()
    return RecoveryCodes(recovery_codes=[f"{code[:5]}-{code[5:]}" for code in codes])

"""Terms: how long a promise runs, in whose time, and when to warn. The defaults hold where nobody has set a policy."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Words = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=2000)]
"""Text that PostgreSQL can keep."""

Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2099, 1, 1, tzinfo=UTC))
]
"""Nobody promises further away; zones and holidays are not known much beyond."""


class ClockTerms(BaseModel):
    """`length` is real time, or working time of `calendar` when `business`; `working_days` says it in days of that calendar
    instead, each worth its usual hours. `warn_before` is the part of the length that is left when the warning comes; 0: no
    warning. `policy` is what the timeline tells: which policy, in which version, made the promise."""

    model_config = ConfigDict(frozen=True)

    length: timedelta = Field(default=timedelta(0), ge=timedelta(0), le=timedelta(days=3650))
    business: bool = False
    working_days: int = Field(default=0, ge=0, le=3650)
    calendar: Words | None = None
    warn_before: float = Field(default=0.25, ge=0, lt=1)
    max_extensions: int = Field(default=1, ge=0, le=100)
    policy: str = "default"

    @model_validator(mode="after")
    def _has_one_length(self) -> "ClockTerms":
        if (self.length > timedelta(0)) == (self.working_days > 0):
            raise ValueError("terms have either a length or a number of working days")
        if self.working_days and not self.business:
            raise ValueError("working days are business time")
        return self


def _real(length: timedelta, warn: timedelta, *, max_extensions: int = 1) -> ClockTerms:
    return ClockTerms(length=length, warn_before=warn / length, max_extensions=max_extensions)


_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

DEFAULT_TERMS: dict[str, ClockTerms] = {
    "case.first_answer": ClockTerms(length=_HOUR, business=True, warn_before=0.25),
    "case.next_answer": ClockTerms(length=4 * _HOUR, business=True, warn_before=0.25),
    "case.resolution": ClockTerms(working_days=3, business=True, warn_before=0.25),
    "call.back": ClockTerms(length=timedelta(minutes=30), business=True, warn_before=0.5),
    "claim.send_draft": _real(7 * _DAY, _DAY, max_extensions=0),
    "claim.decide_refund": _real(48 * _HOUR, 12 * _HOUR),
    "claim.decide_goods": _real(48 * _HOUR, 12 * _HOUR),
    "claim.decide_compensation": _real(48 * _HOUR, 12 * _HOUR),
    "claim.answer": _real(48 * _HOUR, 12 * _HOUR),
    "claim.answer_part": _real(48 * _HOUR, 12 * _HOUR),
    "claim.dispute": _real(7 * _DAY, 2 * _DAY),
    "claim.ship": _real(7 * _DAY, 2 * _DAY),
    "claim.transit_back": _real(20 * _DAY, 5 * _DAY),
    "claim.receive": _real(10 * _DAY, 2 * _DAY),
    "claim.send_back": _real(20 * _DAY, 5 * _DAY),
    "claim.reship": _real(7 * _DAY, 5 * _DAY),
    "claim.transit_out": _real(20 * _DAY, 5 * _DAY),
    "claim.confirm": _real(10 * _DAY, 2 * _DAY),
    "claim.book_visit": _real(3 * _DAY, _DAY),
    "claim.visit": _real(_DAY, 6 * _HOUR),
    "claim.repair": _real(15 * _DAY, 3 * _DAY),
    "claim.return_repaired": _real(3 * _DAY, _DAY),
    "claim.pay": _real(_DAY, 4 * _HOUR, max_extensions=0),
    "claim.retry_pay": _real(_DAY, 4 * _HOUR, max_extensions=0),
    "claim.confirm_offline": _real(7 * _DAY, 2 * _DAY),
    "claim.take_up": _real(_DAY, 4 * _HOUR),
    "claim.evidence": _real(48 * _HOUR, 12 * _HOUR),
    "claim.judge": _real(3 * _DAY, _DAY),
    "claim.appeal": _real(48 * _HOUR, 12 * _HOUR, max_extensions=0),
    "refund.pay": _real(_DAY, 4 * _HOUR, max_extensions=0),
}
"""By clock. A claim's clocks are called `claim.` and the name of the rule in the table of its clocks."""

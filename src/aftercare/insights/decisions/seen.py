"""What was changed, as it was measured: shapes that need none of the libraries that count."""

from datetime import date
from typing import Literal

from pydantic import BaseModel

from aftercare.insights.decisions.scales import Scale

Method = Literal["randomised", "difference", "interrupted"]


class ArmPoint(BaseModel):
    """One day: the mean of those who have it, and of the others. Of a series without others `control` is what was expected."""

    on: date
    treated: float | None
    control: float | None
    n_treated: int
    n_control: int


class Effect(BaseModel):
    """`estimate` on the scale of the indicator; `low` and `high` its 95 % interval. `always_valid`: it may be looked at every
    day. `saved`: by how much of its length CUPED made the interval shorter."""

    method: Method
    scale: Scale
    enough: bool
    n_treated: int
    n_control: int
    mean_treated: float | None
    mean_control: float | None
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    always_valid: bool
    saved: float | None
    parallel_p: float | None
    """Of the trends before: small means that the two were drifting apart already."""
    shops: int
    points: list[ArmPoint]

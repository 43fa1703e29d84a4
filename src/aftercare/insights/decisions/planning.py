"""How many must be seen before a target is found: of a decision that is planned, or of numbers from anywhere."""

from collections.abc import Sequence

from pydantic import BaseModel

from aftercare.insights.decisions.scales import Scale


class PowerView(BaseModel):
    """What must be seen before the target is found with a chance of 80 %; None where too little is known."""

    units: int | None
    per_day: float
    days: int | None
    detectable: float | None
    baseline: float | None
    enough: bool
    scale: Scale


def power_of_values(
    values: Sequence[float], scale: Scale, *, target: float, share: float, days: int, per_day: float
) -> PowerView:
    """From what each unit showed before."""
    import pandas as pd

    from aftercare.insights.decisions import effects

    found = effects.power(pd.Series(list(values), dtype=float), scale, target, share, days, per_day)
    return PowerView(**found.model_dump(exclude={"spread"}), scale=scale)


def power_of_mean(
    baseline: float,
    spread: float | None,
    scale: Scale,
    *,
    target: float,
    share: float,
    days: int,
    per_day: float,
) -> PowerView:
    """From the mean and standard deviation of a unit; without that, units are one or nought."""
    from aftercare.insights.decisions import effects

    of_one = (baseline * (1 - baseline)) ** 0.5 if spread is None else spread
    found = effects.needed(baseline, of_one, scale, target, share, days, per_day, two=spread is None)
    return PowerView(**found.model_dump(exclude={"spread"}), scale=scale)

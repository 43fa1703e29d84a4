"""The assistant through the year, and the day on which it fails: it understands nobody, and everybody asks for a person."""

from datetime import datetime, timedelta
from functools import partial

from aftercare.demo.plots import Plot
from aftercare.demo.scene import Telling
from aftercare.demo.talking import answered_by_a_person, lines_of, nothing_more, visits
from aftercare.demo.telling import Story

FAILS_FOR_HOURS = 7


def as_usual(t: Telling, *, at: datetime) -> Story:
    """Where the parcel is, and thanks."""
    t.now = at
    t.awake()
    talk, lines = (yield from visits(t)), lines_of(t)
    for wish in ("parcel_status", "thanks"):
        yield from talk.says(lines[wish])
        t.later(0.01, 0.03)
    yield from nothing_more(t)


def fails(t: Telling, *, at: datetime) -> Story:
    """The same question, of which it understands nothing today."""
    t.now = at
    talk, lines = (yield from visits(t)), lines_of(t)
    yield from talk.says(f"{lines['parcel_status']} {t.purchase.buyer.name}")
    t.later(0.01, 0.03)
    yield from talk.says(lines["person"])
    yield from answered_by_a_person(t)


def talk_on(at: datetime, *, failing: bool) -> Plot:
    return Plot("assistant", partial(fails if failing else as_usual, at=at), 0)


def through_the_day(day: datetime, number: int, many: int) -> datetime:
    """From the morning on, one after the other."""
    return day + timedelta(hours=FAILS_FOR_HOURS * number / many, minutes=7)

"""Indicators: the catalogue of numbers by which service is judged, and their answers.

An **indicator** is defined once: in words, unit, owner, target and source facts as data (`catalogue/*.toml`), and as one expression
over the lake that gives its **population**, a row for everything that is looked at. From it come its **figure** (with
numerator, denominator, how many, and the interval), its **trend**, its **parts** by any **cut**, and the **cases behind**. Too few
are not called a number. A **target** is the catalogue's, or what was set for a market or a shop.
"""

from aftercare.insights.indicators.answering import answer, answers, answers_from, cases_behind
from aftercare.insights.indicators.definitions import (
    Definition,
    IndicatorKind,
    IndicatorUnknown,
    definition,
    definitions,
)
from aftercare.insights.indicators.exports import file_of
from aftercare.insights.indicators.figures import Figure
from aftercare.insights.indicators.model import TargetNotPossible
from aftercare.insights.indicators.questions import CutNotPossible, IndicatorAnswer, PeriodTooLong, Question
from aftercare.insights.indicators.targets import NewTarget, set_target, targets_of
from aftercare.insights.indicators.times import Grain

__all__ = [
    "CutNotPossible",
    "Definition",
    "Figure",
    "Grain",
    "IndicatorAnswer",
    "IndicatorKind",
    "IndicatorUnknown",
    "NewTarget",
    "PeriodTooLong",
    "Question",
    "TargetNotPossible",
    "answer",
    "answers",
    "answers_from",
    "cases_behind",
    "definition",
    "definitions",
    "file_of",
    "set_target",
    "targets_of",
]

"""Analysis: what the rows say, with how sure that is, by what method and within which limits.

A **measure** is something of this installation that can be analysed, by name: contacts, claims, refunds. A **question** asks of a
measure, or of a table in a file, to be described, correlated, clustered or forecast. Its **answer** names the data, the method, the
limits and the command that repeats it, and says in a paragraph of plain words what was found. Answers are found by the worker,
each in a process of its own, and kept; the libraries that count are loaded only there.
"""

import aftercare.insights.analysis.reactions  # noqa: F401  # registered by importing
from aftercare.insights.analysis.answers import Answer, Clustered, Correlated, Described, Forecast
from aftercare.insights.analysis.asking import (
    AnalysisQuestion,
    analyses,
    ask,
    forget_analyses,
    frame_of,
    get_analysis,
    run_analysis,
    task_of,
)
from aftercare.insights.analysis.model import AnalysisNotFound, AnalysisState, MeasureUnknown
from aftercare.insights.analysis.running import Task, answer, read_days, read_table
from aftercare.insights.analysis.viewing import numbers_of, words_of

__all__ = [
    "AnalysisNotFound",
    "AnalysisQuestion",
    "AnalysisState",
    "Answer",
    "Clustered",
    "Correlated",
    "Described",
    "Forecast",
    "MeasureUnknown",
    "Task",
    "analyses",
    "answer",
    "ask",
    "forget_analyses",
    "frame_of",
    "get_analysis",
    "numbers_of",
    "read_days",
    "read_table",
    "run_analysis",
    "task_of",
    "words_of",
]

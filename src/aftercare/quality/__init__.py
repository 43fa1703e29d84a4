"""Quality: how well we did, as the customer says it.

A **survey** is three short questions and a comment, asked once about each **case** that has come to its end: how satisfied
(1 to 5), how easy (1 to 7), how likely to recommend us (0 to 10). It is **open** for thirty days from the end. Only the
customer whose case it is answers.
"""

from aftercare.quality.model import SurveyAnsweredAlready, SurveyNotOpen
from aftercare.quality.surveys import NewSurveyAnswer, SurveyState, answer_survey, survey_of

__all__ = [
    "NewSurveyAnswer",
    "SurveyAnsweredAlready",
    "SurveyNotOpen",
    "SurveyState",
    "answer_survey",
    "survey_of",
]

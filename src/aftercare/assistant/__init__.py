"""Assistant: the colleague that never sleeps.

A **talk** is a customer's conversation with the assistant, **turn** by turn; each turn is kept with why it was answered so. An
**intent** is what somebody wants; a **classifier** tells it from a text, with a calibrated probability, or says that it is out of
**scope**. What goods or money depend on is done only after a **confirmation**; what the assistant cannot do it **hands over**, with a
summary. Staff **correct** turns, which become **lessons**; a new **model** is tried before it is **promoted**. Models lie on the
**shelf** by name and version. Nobody calls the assistant but routes, the command line and the demo.
"""

import aftercare.assistant.reactions  # noqa: F401  # importing registers them
from aftercare.assistant.classifier import (
    Classifier,
    Example,
    Guess,
    ModelUnreadable,
    TooFewExamples,
)
from aftercare.assistant.dialogue import talk
from aftercare.assistant.drafts import draft_reply
from aftercare.assistant.endings import NOTHING_MORE_FOR, end_talks
from aftercare.assistant.learning import (
    ModelView,
    correct,
    models,
    promote,
    register,
    start_with,
    train_house_model,
)
from aftercare.assistant.minds import Mind
from aftercare.assistant.model import (
    IntentUnknown,
    ModelIsWorse,
    ModelNotCandidate,
    ModelNotFound,
    Outcome,
    TalkNotFound,
)
from aftercare.assistant.phrasing import converse
from aftercare.assistant.ports import Asking, Grounding, LanguageModel, LanguageModelAway, Said
from aftercare.assistant.queries import get_talk, talk_of_case
from aftercare.assistant.replies import read_pairs, recall_at_one, train_replies
from aftercare.assistant.shelf import KeptModel, ModelShelf
from aftercare.assistant.state import NewTurn, Reply
from aftercare.assistant.switching import switch
from aftercare.assistant.training import TableUnreadable, read_examples, score, train

__all__ = [
    "NOTHING_MORE_FOR",
    "Asking",
    "Classifier",
    "Example",
    "Grounding",
    "Guess",
    "IntentUnknown",
    "KeptModel",
    "LanguageModel",
    "LanguageModelAway",
    "Mind",
    "ModelIsWorse",
    "ModelNotCandidate",
    "ModelNotFound",
    "ModelShelf",
    "ModelUnreadable",
    "ModelView",
    "NewTurn",
    "Outcome",
    "Reply",
    "Said",
    "TableUnreadable",
    "TalkNotFound",
    "TooFewExamples",
    "converse",
    "correct",
    "draft_reply",
    "end_talks",
    "get_talk",
    "models",
    "promote",
    "read_examples",
    "read_pairs",
    "recall_at_one",
    "register",
    "score",
    "start_with",
    "switch",
    "talk",
    "talk_of_case",
    "train",
    "train_house_model",
    "train_replies",
]

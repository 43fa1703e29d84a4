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
from aftercare.assistant.drafts import Draft, Sketch, draft_reply, sketch
from aftercare.assistant.events import (
    AssistantAnswered,
    AssistantCorrected,
    AssistantHandedOver,
    AssistantModelPromoted,
    AssistantModelRefused,
    AssistantModelTrained,
    AssistantSwitched,
)
from aftercare.assistant.learning import (
    ModelView,
    Trial,
    correct,
    models,
    promote,
    register,
    start_with,
    teach,
    train_house_model,
)
from aftercare.assistant.model import (
    IntentUnknown,
    ModelIsWorse,
    ModelNotCandidate,
    ModelNotFound,
    Mood,
    Outcome,
    TalkNotFound,
    TurnEmpty,
    TurnNotFound,
)
from aftercare.assistant.phrasing import converse
from aftercare.assistant.ports import Asking, Grounding, LanguageModel, LanguageModelAway, Said
from aftercare.assistant.queries import SwitchView, TalkView, get_talk, list_turns, switch_of, talk_of_case
from aftercare.assistant.replies import (
    Pair,
    PairsUnreadable,
    ReplyChooser,
    read_pairs,
    recall_at_one,
    train_replies,
)
from aftercare.assistant.shelf import KeptModel, ModelNameNotPossible, ModelShelf
from aftercare.assistant.state import Choice, NewTurn, Reply, Source
from aftercare.assistant.switching import switch
from aftercare.assistant.training import Score, TableUnreadable, read_examples, score, train

__all__ = [
    "Asking",
    "AssistantAnswered",
    "AssistantCorrected",
    "AssistantHandedOver",
    "AssistantModelPromoted",
    "AssistantModelRefused",
    "AssistantModelTrained",
    "AssistantSwitched",
    "Choice",
    "Classifier",
    "Draft",
    "Example",
    "Grounding",
    "Guess",
    "IntentUnknown",
    "KeptModel",
    "LanguageModel",
    "LanguageModelAway",
    "ModelIsWorse",
    "ModelNameNotPossible",
    "ModelNotCandidate",
    "ModelNotFound",
    "ModelShelf",
    "ModelUnreadable",
    "ModelView",
    "Mood",
    "NewTurn",
    "Outcome",
    "Pair",
    "PairsUnreadable",
    "Reply",
    "ReplyChooser",
    "Said",
    "Score",
    "Sketch",
    "Source",
    "SwitchView",
    "TableUnreadable",
    "TalkNotFound",
    "TalkView",
    "TooFewExamples",
    "Trial",
    "TurnEmpty",
    "TurnNotFound",
    "converse",
    "correct",
    "draft_reply",
    "get_talk",
    "list_turns",
    "models",
    "promote",
    "read_examples",
    "read_pairs",
    "recall_at_one",
    "register",
    "score",
    "sketch",
    "start_with",
    "switch",
    "switch_of",
    "talk",
    "talk_of_case",
    "teach",
    "train",
    "train_house_model",
    "train_replies",
]

"""Assistant: the colleague that never sleeps.

An **intent** is what somebody wants; a **classifier** tells it from a text, with a calibrated probability, or says that it is
out of **scope**. Models lie on the **shelf** by name and version.
"""

from aftercare.assistant.classifier import (
    Classifier,
    Example,
    Guess,
    ModelUnreadable,
    TooFewExamples,
)
from aftercare.assistant.replies import (
    Pair,
    PairsUnreadable,
    ReplyChooser,
    read_pairs,
    recall_at_one,
    train_replies,
)
from aftercare.assistant.shelf import KeptModel, ModelNameNotPossible, ModelShelf
from aftercare.assistant.training import Score, TableUnreadable, read_examples, score, train

__all__ = [
    "Classifier",
    "Example",
    "Guess",
    "KeptModel",
    "ModelNameNotPossible",
    "ModelShelf",
    "ModelUnreadable",
    "Pair",
    "PairsUnreadable",
    "ReplyChooser",
    "Score",
    "TableUnreadable",
    "TooFewExamples",
    "read_examples",
    "read_pairs",
    "recall_at_one",
    "score",
    "train",
    "train_replies",
]

"""Foresight: what will go wrong, told in time to act.

A **chance** is calibrated: of ten things said to happen with 30 %, three do. A **model** foretells one thing (an order that arrives late,
as seen at its approval or at its hand-over to the carrier; a case that will be late, re-opened, escalated or disputed; a customer who
leaves); it is learned from the past, tried on the latest weeks, and serves only when it is not worse there than the one before it. A
**why** is a reason with its effect. What was too seldom to learn from is said to be 'not enough', and no chance is told.

The libraries behind it are loaded when something is learned or foretold, not with this package.
"""

from aftercare.insights.foresight.keeping import Learned, keep, learn, tell
from aftercare.insights.foresight.model import Foretells
from aftercare.insights.foresight.queries import (
    ChanceView,
    ModelCard,
    chances,
    chances_of,
    failing_products,
    model_cards,
)
from aftercare.insights.foresight.shelf import ForesightShelf
from aftercare.insights.foresight.trying import try_late_orders

__all__ = [
    "ChanceView",
    "ForesightShelf",
    "Foretells",
    "Learned",
    "ModelCard",
    "chances",
    "chances_of",
    "failing_products",
    "keep",
    "learn",
    "model_cards",
    "tell",
    "try_late_orders",
]

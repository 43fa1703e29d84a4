"""The shapes of the facts; who changes one decides about every fact already written."""

from aftercare.assistant import events
from aftercare.journal import FACTS

SHAPES = {
    "assistant.answered": ["talk_id", "case_id", "customer_id", "turn_id", "intent", "outcome"],
    "assistant.corrected": ["turn_id", "talk_id", "intent", "before"],
    "assistant.handed_over": ["talk_id", "case_id", "customer_id", "turn_id", "why"],
    "assistant.model_promoted": ["model_id", "version"],
    "assistant.model_refused": ["model_id", "version"],
    "assistant.model_trained": ["model_id", "version", "examples"],
    "assistant.switched": ["active", "channels"],
}


def test_the_shapes_of_the_facts() -> None:
    ours = {name: fact for name, fact in FACTS.items() if fact.__module__ == events.__name__}
    assert {
        name: [field for field in fact.model_fields if field != "shop_id"]
        for name, fact in sorted(ours.items())
    } == SHAPES

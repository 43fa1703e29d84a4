"""Trials: what is tried on some before it holds for all.

A **thing** is what may be tried: the policy of a shop, the words of a template, a routing rule, the model of the assistant. A
**variant** of it is what would be instead. A **trial** gives a shop the variant from an instant on: for everybody, or for a share of
customers or cases that is drawn by lot, alike in every process. Who does the thing asks `variant_for`, which also keeps once for
each whom the trial **met**, and whether with the variant: that is what an effect is measured by. A trial changes nothing that would
have to be put back: ended, everything is as before; **adopted**, the variant is set by the verbs that people use. The contexts that
own a thing register with `can_be_tried`.
"""

from aftercare.trials.drawing import Met, Who, meetings, variant_for
from aftercare.trials.kinds import Kind, can_be_tried
from aftercare.trials.model import OnTrial
from aftercare.trials.verbs import (
    NewTrial,
    adopt_trial,
    begin_trial,
    check_trial,
    end_trials,
    refuse_on_trial,
)

__all__ = [
    "Kind",
    "Met",
    "NewTrial",
    "OnTrial",
    "Who",
    "adopt_trial",
    "begin_trial",
    "can_be_tried",
    "check_trial",
    "end_trials",
    "meetings",
    "refuse_on_trial",
    "variant_for",
]

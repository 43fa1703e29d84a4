from datetime import timedelta

import pytest

from aftercare.claims.deadlines import CLOCKS
from aftercare.promises import DEFAULT_TERMS, ClockTerms


def test_every_clock_of_a_claim_has_default_terms_that_agree_with_its_rule() -> None:
    told = {
        f"claim.{rule.name}": (rule.length, rule.warn_before, rule.business, int(rule.may_be_extended))
        for rule in CLOCKS
    }
    terms = {
        name: (terms.length, terms.length * terms.warn_before, terms.business, terms.max_extensions)
        for name, terms in DEFAULT_TERMS.items()
        if name.startswith("claim.")
    }
    assert terms == told


def test_the_clocks_of_a_case() -> None:
    hour = timedelta(hours=1)
    assert DEFAULT_TERMS["case.first_answer"].length == hour
    assert DEFAULT_TERMS["case.next_answer"].length == 4 * hour
    assert DEFAULT_TERMS["case.resolution"].working_days == 3
    assert all(terms.business for name, terms in DEFAULT_TERMS.items() if name.startswith("case."))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"length": timedelta(hours=1), "working_days": 2, "business": True},
        {"working_days": 2},
        {"length": timedelta(hours=1), "warn_before": 1.0},
    ],
)
def test_terms_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"length|working days|warn_before"):
        ClockTerms.model_validate(wrong)

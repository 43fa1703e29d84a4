"""A policy as the console's editor sends it: rules added, moved and dropped; mistakes named where they are, in plain words."""

from typing import Any

import pytest

from aftercare.claims import ClaimKind, policies
from aftercare.claims.policies import PolicyNotReadable
from aftercare.claims.rulebook import default_policy
from aftercare.journal import House, begin
from tests import given


def document() -> dict[str, Any]:
    return default_policy().model_dump(mode="json")


async def saved(house: House, changed: dict[str, Any]) -> dict[str, Any]:
    of = await given.a_shop(house)
    async with begin(
        house, given.staff(of, frozenset({"policies.read", "policies.write", "shops.read"}))
    ) as work:
        return (await policies.save_policy(work, of.id, changed)).document


async def test_rules_are_added_moved_and_dropped(house: House) -> None:
    policy = document()
    added = {
        "id": "auto.own_1",
        "kinds": ["refund_only"],
        "when": [{"field": "paid_cents", "op": "at_most", "value": 1_999}],
        "outcome": "approve",
        "text": "automatic.rule",
    }
    before = [rule["id"] for rule in policy["automatic"]]
    policy["automatic"] = [added, *policy["automatic"][:0:-1]]
    kept = await saved(house, policy)
    assert [rule["id"] for rule in kept["automatic"]] == ["auto.own_1", *before[:0:-1]]
    assert kept["automatic"][0] == added


@pytest.mark.parametrize(
    ("rule", "where", "why"),
    [
        ({"id": "auto.cancel_unshipped"}, "", "auto.cancel_unshipped"),
        ({"when": [{"field": "mood", "op": "is", "value": "bad"}]}, "automatic.0.when.0", "no such field: mood"),
        (
            {"when": [{"field": "paid_cents", "op": "has_any", "value": ["x"]}]},
            "automatic.0.when.0",
            "has_any cannot be asked of paid_cents",
        ),
        ({"when": [{"field": "category", "op": "in", "value": "food"}]}, "automatic.0.when.0", "in takes a list"),
        ({"kinds": ["gift"]}, "automatic.0.kinds.0", "Input should be"),
        ({"outcome": "perhaps"}, "automatic.0.outcome", "Input should be"),
    ],
)  # fmt: skip
async def test_a_mistake_is_named_where_it_is(
    house: House, rule: dict[str, Any], where: str, why: str
) -> None:
    policy = document()
    new = {"id": "auto.own_1", "kinds": [ClaimKind.refund_only.value], "when": [], "outcome": "manual"}
    policy["automatic"] = [{**new, **rule}, *policy["automatic"]]
    with pytest.raises(PolicyNotReadable) as refused:
        await saved(house, policy)
    errors: Any = refused.value.data["errors"]
    found = {one["field"]: one["reason"] for one in errors}
    assert where in found
    assert why in found[where]
    assert not found[where].startswith("Value error")

"""Every operation of the API under odd input by every kind of person: answered or refused, never a failure of ours.

`AFTERCARE_FUZZ=200` looks that often at each operation, and elsewhere each time."""

import os
import random
import re
from typing import Any, cast

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from aftercare.app import create_app
from tests.api.served import Served
from tests.api.world import WHO, Passes, World, ids_by_table

EXAMPLES = int(os.environ.get("AFTERCARE_FUZZ", "0"))
SECONDS_TO_ANSWER = 30

TABLES = {
    "account_id": "account",
    "api_token_id": "api_token",
    "calendar_id": "business_calendar",
    "case_id": "service_case",
    "entry_id": "entry_code",
    "new_product_id": "product",
    "object_id": "claim",
    "order_id": "sales_order",
    "order_line_id": "order_line",
    "voucher_file_id": "file",
    "view_id": "saved_view",
    "owner_id": "account",
    "parent_id": "service_case",
    "point_id": "service_point",
}
"""Where a field's name does not say it: `claim_id` is of `claim`, `file_ids` are of `file`."""

ANSWERS_IN_THEIR_FORM = {"/api/webhooks/kuaidi100/{shop_code}"}
PARTS = 12
"""One test for every twelfth operation, so that two processes can share them."""
Operation = APIOperation[Any, Any, Any, Any]


def _tightened(node: Any) -> None:
    """Objects get no fields that nobody knows: they are dropped unread, and cost half of the time."""
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for inner in node.values():
            _tightened(inner)
    elif isinstance(node, list):
        for inner in node:
            _tightened(inner)


@pytest.fixture(scope="session")
def described() -> dict[str, Any]:
    return create_app(None).openapi()


@pytest.fixture(scope="session")
def operations(described: dict[str, Any]) -> list[Operation]:
    plain = create_app(None).openapi()
    _tightened(plain["components"])
    for path in plain["paths"].values():
        for operation in path.values():
            operation["responses"] = {"200": {"description": "see the full description"}}
    return [
        cast(Ok[Operation], found).ok()
        for found in schemathesis.openapi.from_dict(plain).get_all_operations()
    ]


class Answers:
    """What is wrong with an answer, if anything."""

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described
        self._known: dict[str, Any] = {}

    def wrong_with(self, operation: Operation, answer: requests.Response) -> str | None:
        if answer.status_code == 503 and answer.json().get("code") == "port_missing":
            return None  # Stripe and WeChat Pay, which are not set up here
        if answer.status_code >= 500:
            return f"{answer.status_code} {answer.text[:300]}"
        kind = answer.headers.get("content-type", "")
        if operation.path in ANSWERS_IN_THEIR_FORM:
            return None
        if answer.status_code >= 400:
            if kind != "application/problem+json":
                return f"{answer.status_code} is no problem+json but {kind}: {answer.text[:100]}"
            missing = {"type", "title", "status", "code", "request_id"} - answer.json().keys()
            return f"the problem lacks {missing}" if missing else None
        if answer.status_code != 204 and kind.startswith("application/json"):
            return self._unlike_described(operation, answer)
        return None

    def _unlike_described(self, operation: Operation, answer: requests.Response) -> str | None:
        told = self._described["paths"][operation.path][operation.method]["responses"]
        schema = (
            told.get(str(answer.status_code), {}).get("content", {}).get("application/json", {}).get("schema")
        )
        if schema is None:
            return f"{answer.status_code} is not described"
        key = f"{operation.label} {answer.status_code}"
        if key not in self._known:
            self._known[key] = jsonschema_rs.Draft202012Validator(
                {**schema, "components": self._described["components"]}
            )
        found = next(self._known[key].iter_errors(answer.json()), None)
        return (
            None
            if found is None
            else f"unlike its description: {found.message[:200]} at {found.instance_path}"
        )


@pytest.fixture(scope="session")
def answers(described: dict[str, Any]) -> Answers:
    return Answers(described)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_input_makes_an_operation_fail(
    part: int,
    served: Served,
    world: World,
    passes: Passes,
    operations: list[Operation],
    answers: Answers,
) -> None:
    failures: list[str] = []
    with requests.Session() as session:
        for operation in operations[part::PARTS]:
            failures += _fuzz(operation, served, world, passes, answers, session)
    assert not failures, "\n\n".join(failures)


def _fuzz(
    operation: Operation,
    served: Served,
    world: World,
    passes: Passes,
    answers: Answers,
    session: requests.Session,
) -> list[str]:
    known = served.run(_known_values(world))
    failures: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES or 6,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=some.one_of(
            operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        ),
        who=some.sampled_from(WHO),
        dice=some.randoms(use_true_random=False),
    )
    def ask(case: Any, who: str, dice: random.Random) -> None:
        _fill_in(case, known, dice)
        shown = served.run(passes.headers(who))
        try:
            answer = session.request(
                **case.as_transport_kwargs(served.url, shown), timeout=SECONDS_TO_ANSWER, stream=True
            )
        except requests.exceptions.InvalidHeader:
            return
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.close()
            return
        found = answers.wrong_with(operation, answer)
        if found is not None:
            failures.setdefault(
                re.sub(r"[0-9a-f-]{32,36}", "…", found)[:120],
                f"{operation.label} as {who}: {found}\n{_told(case)}",
            )
        if answer.status_code == 401 or operation.path.startswith(
            ("/api/session", "/api/me", "/api/users", "/api/tokens")
        ):
            passes.forget(who)

    ask()
    return list(failures.values())


def _told(case: Any) -> str:
    return f"  path {case.path_parameters} query {dict(case.query or {})} body {str(case.body)[:600]}"


async def _known_values(world: World) -> dict[str, list[str]]:
    """Ids that there are, of both shops, by table; and other words that paths take."""
    found = await ids_by_table(world.house)
    # Who asks must stay able to: these two may be fired.
    found["account"] = [str(world.accounts[name]) for name in ("second owner", "somebody")]
    found["shop_code"] = found["code"] = [world.shop.code, world.other_shop.code]
    return found


def _fill_in(case: Any, known: dict[str, list[str]], dice: random.Random) -> None:
    """Most ids become such as there are, or nothing but 404 would be seen."""

    def instead(name: str, value: Any) -> Any:
        if dice.random() < 0.2:
            return value
        many = name.endswith("_ids") and isinstance(value, list)
        singular = name[:-1] if many else name
        pool = known.get(TABLES.get(singular, singular.removesuffix("_id")))
        if not pool:
            return value
        return [dice.choice(pool) for _ in value] if many else dice.choice(pool)

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                if isinstance(value, dict | list) and not name.endswith("_ids"):
                    walk(value)
                elif name.endswith(("_id", "_ids")) and value is not None:
                    node[name] = instead(name, value)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    for name in case.path_parameters or {}:
        case.path_parameters[name] = instead(name, case.path_parameters[name])
    for name in case.query or {}:
        if name.endswith("_id"):
            case.query[name] = instead(name, case.query[name])
    walk(case.body)

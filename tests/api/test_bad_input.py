"""Bad input on purpose: what no column can hold, what is too large, what pretends to be something else, what is another's."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from aftercare.kit.paging import mark
from tests.api.served import Served
from tests.api.world import PNG, Passes, World, ids_by_table

SURROGATE = '"\\ud800"'
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def client(served: Served, world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=60) as client:
        yield client


@pytest.fixture
def customer(served: Served, passes: Passes) -> dict[str, str]:
    return served.run(passes.headers("customer"))


@pytest.fixture
def agent(served: Served, passes: Passes) -> dict[str, str]:
    return served.run(passes.headers("agent"))


@pytest.fixture
def my_case(client: httpx.Client, customer: dict[str, str]) -> str:
    return str(client.get("/api/my/cases", headers=customer).json()[0]["id"])


def claim_of(world: World, **more: Any) -> dict[str, Any]:
    line = str(world.bought.line_ids[1])
    return {
        "kind": "return_refund",
        "reason": "no_reason",
        "lines": [{"order_line_id": line, "quantity": 1}],
        **more,
    }


def refused(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, (answer.request.url, answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


@pytest.mark.parametrize(
    "words", ['"a\\u0000b"', SURROGATE, '"\\udfff\\ud800"', '"\\u202e\\u0007\\u001b[2J"']
)
def test_text_that_no_column_can_hold(
    words: str,
    client: httpx.Client,
    world: World,
    customer: dict[str, str],
    agent: dict[str, str],
    my_case: str,
) -> None:
    headers = {"Content-Type": "application/json"}
    line = json.dumps([{"order_line_id": str(world.bought.line_ids[1]), "quantity": 1}])
    for who, path, body in (
        (customer, f"/api/my/cases/{my_case}/messages", f'{{"body": {words}}}'),
        (
            customer,
            "/api/claims/options",
            f'{{"kind": "return_refund", "reason": "no_reason", "lines": {line}, "description": {words}}}',
        ),
        (
            customer,
            "/api/claims",
            f'{{"kind": "return_refund", "reason": "no_reason", "lines": {line}, "description": {words}, "channel": {words}, "client_key": {words}}}',
        ),
        (agent, "/api/cases/views", f'{{"name": {words}, "filters": {{"words": {words}}}}}'),
        (agent, f"/api/cases/{my_case}/notes", f'{{"body": {words}}}'),
        ({}, "/api/entry", f'{{"order_number": {words}, "contact": {words}}}'),
        ({}, "/api/session", f'{{"email": {words}, "password": {words}}}'),
        (
            {},
            "/api/withdrawals",
            f'{{"order_number": {words}, "contact": {words}, "consumer_name": {words}}}',
        ),
    ):
        answer = client.post(path, content=body.encode(), headers=headers | who)
        assert answer.status_code < 500, (path, answer.text)
    for path in ("/api/orders", "/api/cases", "/api/claims", "/api/products"):
        for odd in ("%00", "%ED%A0%80", "%FF%FE", "a" * 5_000, "%E2%80%AE"):
            name = "words" if path == "/api/cases" else "search"
            answer = client.get(f"{path}?{name}={odd}&shop_id={world.shop.id}", headers=agent)
            assert answer.status_code < 500, (path, odd, answer.text)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, -(2**63), 10**30, 1e308, "NaN", "1e400"])
def test_numbers_beyond_any_column(
    number: Any, client: httpx.Client, world: World, customer: dict[str, str], agent: dict[str, str]
) -> None:
    line = {"order_line_id": str(world.bought.line_ids[1]), "quantity": number}
    plain = (
        json.dumps(claim_of(world, lines=[line], asked_cents=number))
        .replace('"NaN"', "NaN")
        .replace('"1e400"', "1e400")
    )
    for path in ("/api/claims", "/api/claims/options"):
        answer = client.post(path, content=plain, headers=customer | {"Content-Type": "application/json"})
        assert answer.status_code in ((200, 409, 422) if number == 0 else (409, 422)), answer.text
    for path in ("/api/claims", "/api/orders", "/api/cases", "/api/refunds", "/api/shipments", "/api/stock"):
        answer = client.get(path, params={"limit": str(number)}, headers=agent)
        assert answer.status_code in (403, 422), answer.text


@pytest.mark.parametrize(
    "given", ["0", "-1", "00000000-0000-0000-0000-000000000000", "%00", "..", "null", "9" * 400, "%F0%28"]
)
def test_ids_that_are_none(
    given: str, client: httpx.Client, customer: dict[str, str], agent: dict[str, str]
) -> None:
    for path in (
        "/api/claims/",
        "/api/orders/",
        "/api/cases/",
        "/api/files/",
        "/api/my/cases/",
        "/api/my/orders/",
        "/api/shipments/",
    ):
        for who in (customer, agent):
            answer = client.get(path + given, headers=who)
            assert answer.status_code < 500, answer.text
            if given != "..":
                refused(answer, 401, 403, 404, 422)


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "%",
        "[" * 3_000,
        forged("2026-03-10T04:00:00", "0192f0c0-0000-7000-8000-000000000001"),
        forged("2026-03-10T04:00:00+00:00", 10**40),
        forged(10**40),
        forged(None, None),
        forged("a\x00b", "0192f0c0-0000-7000-8000-000000000001"),
        forged({"$ne": 1}, []),
        mark("2026-03-10T04:00:00+00:00", "0192f0c0-0000-7000-8000-000000000001", True, 1, "more"),
    ],
)
def test_forged_page_marks(
    after: str, client: httpx.Client, world: World, customer: dict[str, str], agent: dict[str, str]
) -> None:
    for path in (
        "/api/claims",
        "/api/orders",
        "/api/cases",
        "/api/refunds",
        "/api/shipments",
        "/api/my/orders",
        "/api/my/notices",
        "/api/pickups",
        "/api/users",
    ):
        for who in (customer, agent):
            answer = client.get(path, params={"after": after}, headers=who)
            assert answer.status_code < 500, (path, answer.text)
            if answer.status_code == 422:
                assert refused(answer, 422)["code"] in ("page_mark_unreadable", "invalid")


def test_bodies_that_are_too_large(
    client: httpx.Client, world: World, customer: dict[str, str], my_case: str
) -> None:
    ten = 10 * 1024 * 1024
    body = json.dumps({"body": "长" * (ten // 3)}, ensure_ascii=False).encode()
    assert (
        refused(client.post(f"/api/my/cases/{my_case}/messages", content=body, headers=customer), 413)["code"]
        == "too_large"
    )

    def pieces() -> Iterator[bytes]:
        for _ in range(ten // 65_536):
            yield b" " * 65_536

    streamed = client.post(
        f"/api/my/cases/{my_case}/messages",
        content=pieces(),
        headers=customer | {"Content-Type": "application/json"},
    )
    assert refused(streamed, 413)["code"] == "too_large"
    answer = client.post(
        f"/api/orders/{world.bought.order_id}/files",
        files={"file": ("a.png", PNG + b"\x00" * ten, "image/png")},
        headers=customer,
    )
    assert refused(answer, 413)["code"] == "too_large"
    deep = b'{"body": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    refused(
        client.post(
            f"/api/my/cases/{my_case}/messages",
            content=deep,
            headers=customer | {"Content-Type": "application/json"},
        ),
        400,
        422,
    )


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
    ],
)
def test_wrong_content_types(
    kind: str, client: httpx.Client, world: World, customer: dict[str, str], my_case: str
) -> None:
    for path in (
        "/api/claims",
        f"/api/my/cases/{my_case}/messages",
        f"/api/my/cases/{my_case}/files",
        f"/api/orders/{world.bought.order_id}/files",
    ):
        for body in (b"", b"\xff\xfe\x00", b"--x\r\n", b'"text"', b"{"):
            refused(client.post(path, content=body, headers=customer | {"Content-Type": kind}), 400, 415, 422)


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd.png",
        "..\\..\\boot.ini",
        "/etc/shadow",
        "a\r\nSet-Cookie: x=1.png",
        '"><svg onload=1>.png',
        "名" * 500 + ".png",
        "CON",
        ".",
        "a\x00.png",
    ],
)
def test_names_of_files_lead_nowhere(
    name: str, client: httpx.Client, world: World, customer: dict[str, str], served: Served
) -> None:
    boundary = "x1x"
    quoted = name.replace("\r\n", "%0D%0A").replace('"', "%22").replace("\x00", "")
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\nContent-Type: image/png\r\n\r\n'.encode()
        + PNG
        + f"\r\n--{boundary}--\r\n".encode()
    )
    answer = client.post(
        f"/api/orders/{world.bought.order_id}/files",
        content=body,
        headers=customer | {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert not set("/\\\r\n\x00") & set(told["name"])
    assert told["name"].endswith(".png")
    shown = client.get(f"/api/files/{told['id']}", headers=customer)
    assert shown.content == PNG
    assert shown.headers["content-type"] == "image/png"
    assert "set-cookie" not in shown.headers


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"#!/bin/sh\nid\n",
        b"MZ\x90\x00" + b"\x00" * 64,
        b"PK\x03\x04" + b"\x00" * 64,
        b"",
        b"\xff\xd8",
    ],
)
def test_what_only_claims_to_be_a_picture_is_not_kept(
    content: bytes, client: httpx.Client, world: World, customer: dict[str, str], my_case: str
) -> None:
    for path in (f"/api/orders/{world.bought.order_id}/files", f"/api/my/cases/{my_case}/files"):
        answer = client.post(path, files={"file": ("photo.jpg", content, "image/jpeg")}, headers=customer)
        refused(answer, 415, 422)


def test_markup_in_words_stays_words(
    client: httpx.Client, world: World, customer: dict[str, str], agent: dict[str, str], my_case: str
) -> None:
    posted = client.post(f"/api/my/cases/{my_case}/messages", json={"body": SCRIPT}, headers=customer)
    assert posted.status_code == 201, posted.text
    for path, who in (
        (f"/api/my/cases/{my_case}/messages", customer),
        (f"/api/cases/{my_case}/messages", agent),
    ):
        answer = client.get(path, headers=who)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        newest = next(one for one in answer.json()["items"] if one["id"] == posted.json()["message_id"])
        assert newest["body"] == SCRIPT
        assert "<script" not in (newest.get("html") or "")


def test_changes_without_the_csrf_token_are_refused(
    client: httpx.Client, world: World, served: Served, passes: Passes, my_case: str
) -> None:
    for who in ("customer", "agent", "owner"):
        shown = served.run(passes.headers(who))
        for given in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": "é"}):
            headers = [(b"Cookie", shown["Cookie"].encode())]
            headers += [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
            for method, path in (
                ("POST", "/api/claims"),
                ("PATCH", "/api/me"),
                ("DELETE", "/api/session"),
                ("PUT", f"/api/cases/{my_case}/tags"),
                ("POST", f"/api/orders/{world.bought.order_id}/files"),
            ):
                answer = client.request(method, path, headers=headers, json={})
                assert refused(answer, 403)["code"] == "csrf_token_missing"
        other = client.post(
            "/api/session",
            json={"email": "a@b.example", "password": "x"},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert refused(other, 403)["code"] == "csrf_token_missing"


PATHS = {
    "claim": ["/api/claims/{}"],
    "service_case": [
        "/api/cases/{}",
        "/api/cases/{}/messages",
        "/api/cases/{}/timeline",
        "/api/my/cases/{}",
        "/api/my/cases/{}/messages",
        "/api/my/cases/{}/timeline",
    ],
    "sales_order": ["/api/orders/{}", "/api/my/orders/{}", "/api/orders/{}/entitlements"],
    "customer": ["/api/customers/{}"],
    "file": ["/api/files/{}"],
    "shipment": ["/api/shipments/{}"],
    "notice": ["/api/notices/{}"],
    "shop": ["/api/shops/{}", "/api/shops/{}/policies"],
}
MOVES = [
    "edit", "cancel", "add_evidence", "approve", "reject", "offer", "accept_offer", "refuse_offer", "settle_difference",
    "ship", "receive", "inspect", "agree_to_part", "refuse_receipt", "send_back", "confirm_sent_back", "reship",
    "out_of_stock", "confirm", "dispute", "withdraw_dispute", "retry_refund", "to_wallet", "offer_offline",
    "confirm_offline", "deny_offline", "appeal",
]  # fmt: skip


def test_nothing_of_another_shop_is_shown_or_moved(
    client: httpx.Client, world: World, served: Served, customer: dict[str, str], agent: dict[str, str]
) -> None:
    theirs = served.run(ids_by_table(world.house, of=world.other_shop.id, most=3))
    theirs["shop"] = [str(world.other_shop.id)]
    looked = 0
    for table, paths in PATHS.items():
        assert theirs[table], table
        for path in paths:
            for one in theirs[table]:
                for who in (customer, agent, {}):
                    refused(client.get(path.format(one), headers=who), 401, 403, 404)
                    looked += 1
    for claim in theirs["claim"][:2]:
        for move in MOVES:
            for who in (customer, agent):
                body = {
                    "words": "x",
                    "file_ids": [],
                    "graded": [],
                    "way": "parcel",
                    "carrier": "x",
                    "tracking_number": "x1234567",
                }
                refused(
                    client.post(f"/api/claims/{claim}/{move}", json=body, headers=who), 401, 403, 404, 422
                )
    assert looked > 100
    for path in ("/api/claims", "/api/orders", "/api/cases", "/api/shipments"):
        for who in (customer, agent):
            text = client.get(
                path, params={"limit": 200, "shop_id": str(world.other_shop.id)}, headers=who
            ).text
            assert not [
                one
                for ids in theirs.values()
                for one in ids
                if one in text and one != str(world.other_shop.id)
            ]


def test_ids_of_another_shop_inside_a_body_are_refused(
    client: httpx.Client,
    world: World,
    served: Served,
    customer: dict[str, str],
    agent: dict[str, str],
    my_case: str,
) -> None:
    theirs = served.run(ids_by_table(world.house, of=world.other_shop.id, most=1))
    file, line, case = theirs["file"][0], str(world.theirs.line_ids[0]), theirs["service_case"][0]
    product: UUID | None = world.theirs.product_ids[0]
    mine = {"order_line_id": str(world.bought.line_ids[1]), "quantity": 1}
    for who, path, body in (
        (customer, "/api/claims", claim_of(world, lines=[{"order_line_id": line, "quantity": 1}])),
        (customer, "/api/claims", claim_of(world, lines=[mine, {"order_line_id": line, "quantity": 1}])),
        (customer, "/api/claims/options", claim_of(world, lines=[{"order_line_id": line, "quantity": 1}])),
        (customer, "/api/claims", claim_of(world, file_ids=[file])),
        (customer, "/api/claims", claim_of(world, case_id=case)),
        (
            customer,
            "/api/claims",
            claim_of(world, kind="exchange", lines=[mine | {"new_product_id": str(product)}]),
        ),
        (customer, f"/api/my/cases/{my_case}/messages", {"body": "x", "file_ids": [file]}),
        (agent, f"/api/cases/{my_case}/messages", {"body": "x", "file_ids": [file]}),
        (agent, f"/api/cases/{my_case}/assign", {"owner_id": str(world.accounts["second owner"])}),
    ):
        refused(client.post(path, json=body, headers=who), 403, 404, 409, 422)

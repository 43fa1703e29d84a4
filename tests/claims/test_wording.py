"""Every word that the table, its clocks and the reasons use has a name in each language; the handbook is whole."""

from __future__ import annotations

from datetime import date

import pytest

from aftercare.claims.circumstances import Reason
from aftercare.claims.deadlines import CLOCKS
from aftercare.claims.handbook import handbook, mermaid
from aftercare.claims.moves import MOVES
from aftercare.claims.states import SEVEN_STAGE, WAITING_FOR, ClaimKind, ClaimState, Mover
from aftercare.claims.wording import LOCALES, label, sentence, state_label

NAMES: dict[str, set[str]] = {
    "kind": {*ClaimKind},
    "state": {*ClaimState},
    "move": {row.name for row in MOVES},
    "reason": {*Reason},
    "who": {*Mover, *WAITING_FOR.values()},
    "stage": set(SEVEN_STAGE.values()) | {"improved"},
    "need": {need for row in MOVES for need in row.needs},
    "clock": {rule.name for rule in CLOCKS},
}


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_has_a_name(locale: str) -> None:
    for group, words in NAMES.items():
        for word in words:
            for side in ("customer", "staff"):
                assert label(group, word, locale, "staff" if side == "staff" else "customer")


def test_customer_and_staff_read_their_own_words() -> None:
    assert label("state", ClaimState.pending_merchant, "zh-CN") == "待商家处理"
    assert label("state", ClaimState.awaiting_return, "zh-CN") == "请寄回商品"
    assert label("state", ClaimState.awaiting_return, "zh-CN", "staff") == "待买家寄回"
    assert label("state", ClaimState.refunding, "zh-TW", "staff") == "退款中"
    with pytest.raises(KeyError):
        label("state", "asleep", "zh-CN")


def test_a_refused_parcel_is_not_asked_for_from_its_customer() -> None:
    assert state_label(ClaimKind.refuse_parcel, ClaimState.awaiting_return, "zh-CN") == "等包裹退回"
    assert state_label(ClaimKind.return_refund, ClaimState.awaiting_return, "zh-CN") == "请寄回商品"
    assert state_label(ClaimKind.refuse_parcel, ClaimState.awaiting_return, "zh-CN", "staff") == "待包裹退回"
    assert state_label(ClaimKind.refuse_parcel, ClaimState.received, "en") == label("state", "received", "en")


def test_a_condition_that_people_ask_about_has_its_own_sentence() -> None:
    def told(field: str, locale: str) -> str:
        return sentence("closed.condition", (("field", field),), locale, date(2026, 11, 23))

    assert told("reason", "zh-CN") == "按您选的原因，不能这样办理。"
    assert told("covered_by_repair_guarantee", "zh-TW") == "這件商品不在三包範圍內。"
    assert told("repairs_done", "en") == "Not available here because of the number of repairs."
    assert told("weather", "zh-CN") == "其他条件不符合，不能办理。"


def rows_of(book: str, title: str) -> list[list[str]]:
    section = book.split(f"## {title}\n", 1)[1].split("```", 1)[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ][2:]


def test_the_handbook_tells_owner_clock_and_what_happens_at_zero() -> None:
    rows = {row[0]: row[1:] for row in rows_of(handbook("en"), "Refund only")}
    moves = (
        "Change request (customer) → To decide<br>Approve (agent, system) → Approved"
        "<br>Make an offer (agent; needs offer) → Offer sent"
        "<br>Reject (agent, system; needs reason, proof) → Rejected, customer to answer"
        "<br>Add evidence (customer, agent; needs proof) → To decide"
        "<br>Cancel request (customer) → Cancelled by the customer"
    )
    assert rows["To decide"] == [
        "diagnosed",
        "shop",
        moves,
        "shop decides 2 d",
        "Approve → Approved",
    ]
    assert rows["Approved"][2:] == ["at once → Refund under way", "", ""]
    assert rows["Refunded"] == ["evaluated", "nobody", "end", "", ""]
    assert "Customer to send back" not in rows


@pytest.mark.parametrize("locale", LOCALES)
def test_the_handbook_has_every_kind_in_every_language(locale: str) -> None:
    book = handbook(locale)
    for kind in ClaimKind:
        rows = rows_of(book, label("kind", kind, locale))
        assert {len(row) for row in rows} == {6}
        assert rows[0][0] == label("state", ClaimState.draft, locale, "staff")


def test_the_diagram_of_a_resend() -> None:
    diagram = mermaid(ClaimKind.resend, "en")
    assert diagram.startswith("stateDiagram-v2\n    [*] --> draft\n")
    assert "    approved --> awaiting_reship: Carry out\n" in diagram
    assert "    completed --> [*]\n" in diagram
    assert "awaiting_return" not in diagram

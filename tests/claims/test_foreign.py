"""Foreign codes both ways."""

import pytest

from aftercare.claims.foreign import code_of, codes_of, platforms, state_of
from aftercare.claims.states import ClaimKind, ClaimState


@pytest.mark.parametrize(
    ("platform", "code", "kind", "state"),
    [
        ("taobao", "WAIT_BUYER_RETURN_GOODS", ClaimKind.return_refund, ClaimState.awaiting_return),
        ("pinduoduo", 3, ClaimKind.return_refund, ClaimState.pending_merchant),
        ("pinduoduo", 16, ClaimKind.exchange, ClaimState.completed),
        ("douyin", "29", ClaimKind.return_refund, ClaimState.receipt_refused),
        ("wechat", "MERCHANT_WAIT_RECEIPT", ClaimKind.return_refund, ClaimState.in_transit_back),
        ("youzan", "60", ClaimKind.refund_only, ClaimState.refunded),
        ("jingdong", "60", ClaimKind.exchange, ClaimState.cancelled),
        ("shopify", "declined", ClaimKind.return_refund, ClaimState.rejected),
    ],
)
def test_a_code_means_a_state_and_the_state_is_told_by_the_code(
    platform: str, code: str | int, kind: ClaimKind, state: ClaimState
) -> None:
    assert state_of(platform, code, kind) is state
    assert code_of(platform, kind, state) == str(code)


def test_an_unknown_code_changes_nothing() -> None:
    assert state_of("taobao", "SOMETHING_NEW", ClaimKind.return_refund) is None


@pytest.mark.parametrize("platform", platforms())
def test_what_a_code_means_is_told_by_a_code_of_the_same_meaning(platform: str) -> None:
    for row in codes_of(platform):
        for kind in row.kinds:
            told = code_of(platform, kind, row.states[0])
            assert told is not None
            assert state_of(platform, told, kind) is row.states[0]


@pytest.mark.parametrize("platform", ["taobao", "douyin", "wechat", "youzan", "jingdong", "shopify"])
def test_every_state_of_a_return_can_be_told(platform: str) -> None:
    from aftercare.claims.moves import MOVES

    reachable = {
        row.to for row in MOVES if ClaimKind.return_refund in row.kinds if isinstance(row.to, ClaimState)
    }
    untold = {state for state in reachable if code_of(platform, ClaimKind.return_refund, state) is None}
    assert untold == set()

"""On what, besides its state, an arrow of the table depends: questions to a claim's kind and variant."""

from __future__ import annotations

from collections.abc import Callable

from aftercare.claims.states import (
    ClaimKind,
    Remedy,
    RepairWay,
    Variant,
    goods_due,
    remedies_of,
    usual_remedy,
)

K = ClaimKind

Guard = Callable[[ClaimKind, Variant], bool]


def always(kind: ClaimKind, variant: Variant) -> bool:
    return True


def in_advance(kind: ClaimKind, variant: Variant) -> bool:
    return kind is K.exchange and variant.in_advance


def must_return_first(kind: ClaimKind, variant: Variant) -> bool:
    return goods_due(kind, variant) and not in_advance(kind, variant)


def must_visit(kind: ClaimKind, variant: Variant) -> bool:
    return (
        kind is K.repair
        and variant.repair_way is RepairWay.on_site
        and remedy_of(kind, variant) is Remedy.repair
        and not variant.goods_back
    )


def remedy_of(kind: ClaimKind, variant: Variant) -> Remedy:
    if variant.remedy is None or variant.remedy not in remedies_of(kind):
        return usual_remedy(kind)
    return variant.remedy


def exchanged_already(kind: ClaimKind, variant: Variant) -> bool:
    return in_advance(kind, variant) and variant.goods_back


def gives(remedy: Remedy) -> Guard:
    def guard(kind: ClaimKind, variant: Variant) -> bool:
        return (
            remedy_of(kind, variant) is remedy
            and not must_return_first(kind, variant)
            and not must_visit(kind, variant)
            and not exchanged_already(kind, variant)
        )

    return guard


def old_goods_due(kind: ClaimKind, variant: Variant) -> bool:
    return in_advance(kind, variant) and goods_due(kind, variant)


def nothing_due(kind: ClaimKind, variant: Variant) -> bool:
    return not old_goods_due(kind, variant)


def goods_with_customer(kind: ClaimKind, variant: Variant) -> bool:
    return not variant.goods_back


def not_yet_sent_in_advance(kind: ClaimKind, variant: Variant) -> bool:
    return not variant.goods_back and not in_advance(kind, variant)


def not_appealed(kind: ClaimKind, variant: Variant) -> bool:
    return not variant.appealed


def sent_by_parcel(kind: ClaimKind, variant: Variant) -> bool:
    return kind is not K.repair or variant.repair_way is RepairWay.mail_in


def handed_over(kind: ClaimKind, variant: Variant) -> bool:
    return not sent_by_parcel(kind, variant)

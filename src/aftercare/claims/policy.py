"""The decision: law first, then the shop's own policy, which may give more than the law and never less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from datetime import date, timedelta

from aftercare.claims.circumstances import Fact, PolicyInput, facts_of
from aftercare.claims.money import restocking_fee
from aftercare.claims.rulebook import (
    Automatic,
    Exclusion,
    FreightPayer,
    Grant,
    LawPack,
    PolicyDocument,
    Terms,
    Test,
)
from aftercare.claims.states import GOODS_COME_BACK, ClaimKind

_NEEDS_SHIPPED = (GOODS_COME_BACK | {ClaimKind.resend}) - {ClaimKind.recall}
# From the least to the most telling; any other text is an exception, which tells more.
_NEARNESS = ("closed.condition", "closed.not_yet", "closed.until_day", "closed.window")

Params = tuple[tuple[str, str | int | date], ...]


@dataclass(frozen=True)
class Looked:
    """One rule that was looked at. `text` and `params` make the sentence (see `wording.sentence`)."""

    origin: str
    rule: str
    version: str
    kinds: frozenset[ClaimKind]
    matched: bool
    text: str
    params: Params = ()
    source: str = ""


@dataclass(frozen=True)
class Entitlement:
    """What is open for one kind, and on which terms. `until` is the last day, inclusive, in the case's time zone;
    None while open: no end is known yet. `by_law`: the law alone opens it today."""

    kind: ClaimKind
    open: bool
    by_law: bool
    until: date | None
    why: Looked
    freight_payer: FreightPayer
    outward_freight_back: bool
    automatic: Automatic
    automatic_why: Looked
    evidence_needed: tuple[str, ...]
    fee_percent: int
    fee_cents: int
    legal_source: str


@dataclass(frozen=True)
class Decision:
    """`outcome` and `amount_cap_cents` speak of the kind asked, None if none was. `explanation` lists every rule
    that was looked at, in the order of looking."""

    market: str
    law_version: str
    policy_id: str
    policy_version: int
    entitlements: dict[ClaimKind, Entitlement]
    explanation: tuple[Looked, ...]
    outcome: Automatic | None
    amount_cap_cents: int | None
    evidence_missing: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    grant: Grant
    open: bool
    until: date | None
    looked: Looked


def decide(
    case: PolicyInput, law: LawPack, shop: PolicyDocument, *, days_off: Set[date] = frozenset()
) -> Decision:
    """Same input, same answer. `days_off`: public holidays and weekend days that are not made up for, of the
    market; they move a last day only where the pack says so. Raises ValueError if the pack, the policy and the
    case speak of different markets."""
    if law.market != case.market or shop.market not in {"*", case.market}:
        raise ValueError(f"case of {case.market}, law of {law.market}, policy of {shop.market}")
    facts = facts_of(case)
    off = days_off if law.last_day_moves else frozenset[date]()
    policy_version = f"{shop.id}@{shop.version}"
    by_law = [_look(grant, "law", law.version, case, facts, off) for grant in law.grants]
    by_shop = [_look(grant, "shop", policy_version, case, facts, off) for grant in shop.grants]
    excluded = [_excluded(rule, policy_version, facts) for rule in shop.exclusions]
    entitlements = {
        kind: _entitlement(kind, case, facts, law, shop, by_law, by_shop, excluded) for kind in ClaimKind
    }
    explanation = [found.looked for found in (*by_law, *by_shop)] + excluded
    outcome: Automatic | None = None
    cap: int | None = None
    missing: tuple[str, ...] = ()
    if case.kind_asked is not None:
        asked = entitlements[case.kind_asked]
        explanation += _terms_looked_at(case.kind_asked, facts, shop, policy_version)
        if asked.open:
            explanation += _passed_over(case.kind_asked, facts, shop, policy_version)
        explanation.append(asked.automatic_why)
        missing = tuple(kind for kind in asked.evidence_needed if kind not in case.evidence_kinds)
        # What lacks its evidence is for a person to ask about, not for a rule to wave through.
        outcome = Automatic.manual if missing and asked.automatic is Automatic.approve else asked.automatic
        cap = _cap(case, asked) if asked.open else 0
    return Decision(
        market=case.market,
        law_version=law.version,
        policy_id=shop.id,
        policy_version=shop.version,
        entitlements=entitlements,
        explanation=tuple(explanation),
        outcome=outcome,
        amount_cap_cents=cap,
        evidence_missing=missing,
    )


def _look(
    grant: Grant, origin: str, version: str, case: PolicyInput, facts: dict[str, Fact], off: Set[date]
) -> _Found:
    def found(
        is_open: bool, text: str, params: Params = (), until: date | None = None, source: str = ""
    ) -> _Found:
        looked = Looked(origin, grant.id, version, grant.kinds, is_open, text, params, source or grant.source)
        return _Found(grant, is_open, until, looked)

    for test in grant.when:
        if not test.holds(facts):
            return found(False, "closed.condition", (("field", test.field),))
    for exception in grant.exceptions:
        if _all_hold(exception.when, facts):
            return found(False, exception.text, source=exception.source)
    window = grant.window
    if window is None:
        return found(True, grant.text)
    if window.months_of_warranty and not max(window.months, case.line.under_warranty_months):
        return found(False, "closed.no_warranty")
    begun = window.begins(case)
    if begun is None and not window.open_before:
        return found(False, "closed.not_yet", (("event", window.starts),))
    if begun is None:
        return found(True, grant.text, (("days", window.days),))
    if (case.today() - begun).days < window.after_days:
        opens = begun + timedelta(days=window.after_days)
        return found(False, "closed.until_day", (("day", opens),))
    until = window.until(begun, case, off)
    if until is None:
        return found(True, grant.text, (("days", window.after_days),))
    if case.today() > until:
        return found(False, "closed.window", (("until", until),), until)
    return found(True, grant.text, (("days", window.days), ("until", until)), until)


def _all_hold(tests: tuple[Test, ...], facts: dict[str, Fact]) -> bool:
    return all(test.holds(facts) for test in tests)


def _excluded(rule: Exclusion, version: str, facts: dict[str, Fact]) -> Looked:
    matched = _all_hold(rule.when, facts)
    text = rule.text if matched else "exclusion.not_matched"
    return Looked("shop", rule.id, version, rule.kinds, matched, text, (), rule.source)


def _entitlement(
    kind: ClaimKind,
    case: PolicyInput,
    facts: dict[str, Fact],
    law: LawPack,
    shop: PolicyDocument,
    by_law: list[_Found],
    by_shop: list[_Found],
    excluded: list[Looked],
) -> Entitlement:
    version = f"{shop.id}@{shop.version}"
    elsewhere = _not_where_it_must_be(kind, facts, version)
    shut = next((looked for looked in excluded if looked.matched and kind in looked.kinds), None)
    lawful = [found for found in by_law if found.open and kind in found.grant.kinds and elsewhere is None]
    own = [found for found in by_shop if found.open and kind in found.grant.kinds and not (shut or elsewhere)]
    giving = lawful + own
    terms = [row for row in shop.terms if kind in row.kinds and _all_hold(row.when, facts)]
    automatic, automatic_why = _automatic(kind, facts, shop, bool(giving), bool(lawful), version)
    if not giving:
        near = [found for found in (*by_law, *by_shop) if kind in found.grant.kinds]
        return Entitlement(
            kind=kind,
            open=False,
            by_law=False,
            until=None,
            why=elsewhere or shut or _nearest(near, kind, version),
            freight_payer=FreightPayer.nobody,
            outward_freight_back=False,
            automatic=automatic,
            automatic_why=automatic_why,
            evidence_needed=(),
            fee_percent=0,
            fee_cents=0,
            legal_source="",
        )
    best = max(giving, key=lambda found: found.until or date.max)
    percent, fixed = _fee(terms, lawful)
    return Entitlement(
        kind=kind,
        open=True,
        by_law=bool(lawful),
        until=best.until,
        why=best.looked,
        freight_payer=_freight(kind, terms, lawful, own),
        outward_freight_back=any(found.grant.outward_freight_back for found in giving),
        automatic=automatic,
        automatic_why=automatic_why,
        evidence_needed=_evidence(terms, lawful),
        fee_percent=percent,
        fee_cents=fixed,
        legal_source=lawful[0].grant.source if lawful else "",
    )


def _not_where_it_must_be(kind: ClaimKind, facts: dict[str, Fact], version: str) -> Looked | None:
    """What is not sent cannot come back, and what is sent cannot be cancelled, whatever a rule says."""
    text = ""
    if kind is ClaimKind.cancel_unshipped and facts["shipped"]:
        text = "closed.shipped"
    elif kind in _NEEDS_SHIPPED and not facts["shipped"]:
        text = "closed.not_shipped"
    elif kind is ClaimKind.refuse_parcel and facts["delivered"]:
        text = "closed.delivered"
    return Looked("shop", "whereabouts", version, frozenset({kind}), False, text) if text else None


def _nearest(near: list[_Found], kind: ClaimKind, version: str) -> Looked:
    """Why a closed kind is closed: an exception or an ended window says more than a condition not met, and of the
    conditions the reason says most, which is the one that the customer chose."""

    def telling(found: _Found) -> tuple[int, bool]:
        text, params = found.looked.text, found.looked.params
        return _NEARNESS.index(text) if text in _NEARNESS else len(_NEARNESS), ("field", "reason") in params

    if not near:
        return Looked("shop", "none", version, frozenset({kind}), False, "closed.no_rule")
    return max(near, key=telling).looked


def _freight(kind: ClaimKind, terms: list[Terms], lawful: list[_Found], own: list[_Found]) -> FreightPayer:
    if kind not in GOODS_COME_BACK:
        return FreightPayer.nobody
    named = next((row.freight_payer for row in terms if row.freight_payer is not None), None)
    offers = {found.grant.freight_payer for found in lawful}
    offers |= {named} if named is not None else {found.grant.freight_payer for found in own}
    return FreightPayer.shop if FreightPayer.shop in offers else FreightPayer.customer


def _fee(terms: list[Terms], lawful: list[_Found]) -> tuple[int, int]:
    percent = next((row.fee_percent for row in terms if row.fee_percent is not None), 0)
    fixed = next((row.fee_cents for row in terms if row.fee_cents is not None), 0)
    if lawful:
        return min([percent, *(found.grant.fee_percent_at_most for found in lawful)]), 0
    return percent, fixed


def _evidence(terms: list[Terms], lawful: list[_Found]) -> tuple[str, ...]:
    # Whoever claims a fault may be asked to show it; whoever needs no reason may not.
    if lawful and not any(found.grant.evidence_may_be_asked for found in lawful):
        return ()
    return next((row.evidence for row in terms if row.evidence is not None), ())


def _automatic(
    kind: ClaimKind, facts: dict[str, Fact], shop: PolicyDocument, is_open: bool, by_law: bool, version: str
) -> tuple[Automatic, Looked]:
    def why(rule: str, matched: bool, text: str) -> Looked:
        return Looked("shop", rule, version, frozenset({kind}), matched, text)

    if not is_open:
        return shop.when_closed, why("when_closed", True, f"automatic.closed_{shop.when_closed}")
    for rule in shop.automatic:
        if kind in rule.kinds and _all_hold(rule.when, facts):
            if rule.outcome is Automatic.reject and by_law:
                return Automatic.manual, why(rule.id, True, "automatic.law_forbids_reject")
            return rule.outcome, why(rule.id, True, rule.text)
    return Automatic.manual, why("otherwise", True, "automatic.otherwise")


def _terms_looked_at(
    kind: ClaimKind, facts: dict[str, Fact], shop: PolicyDocument, version: str
) -> Iterator[Looked]:
    for row in shop.terms:
        if kind in row.kinds:
            fits = _all_hold(row.when, facts)
            text = "terms.matched" if fits else "terms.not_matched"
            yield Looked("shop", row.id, version, frozenset({kind}), fits, text)


def _passed_over(
    kind: ClaimKind, facts: dict[str, Fact], shop: PolicyDocument, version: str
) -> Iterator[Looked]:
    """The automatic rules of the kind that came before the one that fits."""
    for rule in shop.automatic:
        if kind in rule.kinds:
            if _all_hold(rule.when, facts):
                return
            yield Looked("shop", rule.id, version, frozenset({kind}), False, "automatic.not_matched")


def _cap(case: PolicyInput, asked: Entitlement) -> int:
    goods = case.line.paid_cents
    if case.asked_cents is not None:
        goods = min(goods, case.asked_cents)
    fee = restocking_fee(goods, fee_cents=asked.fee_cents, fee_percent=asked.fee_percent)
    freight = case.line.freight_cents if asked.outward_freight_back or not facts_of(case)["shipped"] else 0
    return goods - fee + freight


@dataclass(frozen=True)
class PastCase:
    """A case as it was decided. `paid_out_cents` is what it cost; of a case now for a person, the best guess."""

    reference: str
    case: PolicyInput
    paid_out_cents: int


@dataclass(frozen=True)
class Changed:
    reference: str
    before: Automatic
    after: Automatic
    cost_difference_cents: int


@dataclass
class ReplayReport:
    """`cost_difference_cents`: positive, the new policy costs more. Costs of one currency only."""

    looked_at: int = 0
    changed: list[Changed] = field(default_factory=list)
    cost_difference_cents: int = 0
    fewer_for_people: int = 0


def replay(
    old: PolicyDocument,
    new: PolicyDocument,
    cases: Iterable[PastCase],
    *,
    law: LawPack,
    days_off: Set[date] = frozenset(),
) -> ReplayReport:
    """How past applications would have gone with the new policy. Cases that ask for no kind are passed over."""
    report = ReplayReport()
    for past, before, after in _both(old, new, cases, law, days_off):
        report.looked_at += 1
        assumed = (_cost(before, past), _cost(after, past))
        difference = assumed[1] - assumed[0]
        if before.outcome is None or after.outcome is None:
            continue
        if before.outcome is not after.outcome or difference:
            report.changed.append(Changed(past.reference, before.outcome, after.outcome, difference))
            report.cost_difference_cents += difference
        report.fewer_for_people += (before.outcome is Automatic.manual) - (after.outcome is Automatic.manual)
    return report


def _both(
    old: PolicyDocument, new: PolicyDocument, cases: Iterable[PastCase], law: LawPack, days_off: Set[date]
) -> Iterator[tuple[PastCase, Decision, Decision]]:
    for past in cases:
        if past.case.kind_asked is not None:
            yield (
                past,
                decide(past.case, law, old, days_off=days_off),
                decide(past.case, law, new, days_off=days_off),
            )


def _cost(decision: Decision, past: PastCase) -> int:
    if decision.outcome is Automatic.manual:
        return past.paid_out_cents
    return (decision.amount_cap_cents or 0) if decision.outcome is Automatic.approve else 0

"""The decision: exact last days per market, law before shop, never less than the law, always explained."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aftercare.claims.circumstances import (
    FIELDS,
    Condition,
    Dates,
    FaultSide,
    LineFacts,
    PolicyInput,
    Reason,
    Standing,
    facts_of,
)
from aftercare.claims.policy import Decision, PastCase, decide, replay
from aftercare.claims.rulebook import (
    MARKETS,
    OTHER,
    Automatic,
    AutomaticRule,
    Exclusion,
    FreightPayer,
    Grant,
    LawPack,
    PolicyDocument,
    Terms,
    Test,
    Window,
    default_policy,
    law_pack,
    market_of,
    plus_months,
)
from aftercare.claims.states import ClaimKind
from aftercare.claims.wording import LOCALES, day_text, explain, sentence, text_keys

K = ClaimKind
NOTHING = PolicyDocument(id="nothing", version=1)
DELIVERED = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def case(market: str = "CN", **more: object) -> PolicyInput:
    base: dict[str, object] = {
        "market": market,
        "time_zone": law_pack(market).time_zone,
        "dates": dates(DELIVERED),
        "line": LineFacts(price_cents=9900, paid_cents=9900),
        "now": DELIVERED + timedelta(days=1),
        "kind_asked": K.return_refund,
    }
    return PolicyInput.model_validate(base | more)


def dates(delivered: datetime | None, shipped: datetime | None = None) -> Dates:
    sent = shipped or (delivered - timedelta(days=2) if delivered else None)
    return Dates(paid=datetime(2026, 11, 17, tzinfo=UTC), shipped=sent, delivered=delivered)


def by_law(one: PolicyInput, *, days_off: frozenset[date] = frozenset()) -> Decision:
    return decide(one, law_pack(one.market), NOTHING, days_off=days_off)


def open_kinds(decision: Decision) -> set[str]:
    return {kind.value for kind, right in decision.entitlements.items() if right.open}


@pytest.mark.parametrize(
    ("market", "until", "payer", "outward"),
    [
        ("CN", date(2026, 11, 28), FreightPayer.customer, False),
        ("EU", date(2026, 12, 5), FreightPayer.customer, True),
        ("UK", date(2026, 12, 5), FreightPayer.customer, True),
        ("TW", date(2026, 11, 28), FreightPayer.shop, True),
        ("BR", date(2026, 11, 28), FreightPayer.shop, True),
    ],
)
def test_a_return_without_reason(market: str, until: date, payer: FreightPayer, outward: bool) -> None:
    right = by_law(case(market)).entitlements[K.return_refund]
    assert (right.open, right.by_law, right.until) == (True, True, until)
    assert (right.freight_payer, right.outward_freight_back, right.evidence_needed) == (payer, outward, ())
    assert right.legal_source


def test_the_united_states_leave_it_to_the_shop() -> None:
    assert open_kinds(by_law(case("US"))) == set()
    assert by_law(case("US")).outcome is Automatic.manual
    own = decide(case("US"), law_pack("US"), default_policy()).entitlements[K.return_refund]
    assert (own.open, own.by_law, own.until, own.legal_source) == (True, False, date(2026, 11, 27), "")


def test_countries_belong_to_markets_and_elsewhere_the_shop_decides() -> None:
    found = {country: market_of(country) for country in ("CN", "DE", "NO", "GB", "TW", "BR", "US", "JP")}
    assert list(found.values()) == ["CN", "EU", "EU", "UK", "TW", "BR", "US", OTHER]
    elsewhere = decide(case(OTHER), law_pack(OTHER), default_policy())
    assert (elsewhere.law_version, elsewhere.outcome) == ("none", Automatic.approve)
    assert not any(right.by_law for right in elsewhere.entitlements.values())


def test_the_last_day_ends_at_midnight_of_the_market() -> None:
    # Signed on the 20th in UTC, which is the 21st in Shanghai.
    signed = dates(datetime(2026, 11, 20, 17, 0, tzinfo=UTC))
    last_minute = datetime(2026, 11, 28, 15, 59, 59, tzinfo=UTC)
    assert by_law(case(dates=signed, now=last_minute)).entitlements[K.return_refund].open
    closed = by_law(case(dates=signed, now=last_minute + timedelta(seconds=1))).entitlements[K.return_refund]
    assert (closed.open, closed.why.text, closed.why.params) == (
        False,
        "closed.window",
        (("until", date(2026, 11, 28)),),
    )


@pytest.mark.parametrize(
    ("market", "until"),
    [("CN", date(2026, 10, 8)), ("TW", date(2026, 10, 8))],
)
def test_a_last_day_off_moves_where_the_law_says_so(market: str, until: date) -> None:
    signed = datetime(2026, 9, 24, 4, 0, tzinfo=UTC)
    golden_week = frozenset(date(2026, 10, day) for day in range(1, 8))
    one = case(market, dates=dates(signed), now=signed + timedelta(hours=1))
    assert by_law(one, days_off=golden_week).entitlements[K.return_refund].until == until


def test_a_last_day_off_stays_in_the_united_kingdom() -> None:
    signed = datetime(2026, 12, 11, 12, 0, tzinfo=UTC)
    one = case("UK", dates=dates(signed), now=signed)
    christmas = frozenset({date(2026, 12, 25)})
    assert by_law(one, days_off=christmas).entitlements[K.return_refund].until == date(2026, 12, 25)


@pytest.mark.parametrize(
    ("market", "line", "text"),
    [
        ("CN", LineFacts(custom_made=True), "exception.custom_made"),
        ("CN", LineFacts(perishable=True), "exception.perishable"),
        ("CN", LineFacts(digital=True, digital_started=True), "exception.digital_started"),
        ("CN", LineFacts(periodical=True), "exception.periodical"),
        ("CN", LineFacts(unsuitable_confirmed=True), "exception.unsuitable"),
        ("EU", LineFacts(hygiene_sealed=True, hygiene_seal_broken=True), "exception.hygiene"),
        ("UK", LineFacts(custom_made=True), "exception.custom_made"),
        ("TW", LineFacts(hygiene_sealed=True, hygiene_seal_broken=True), "exception.hygiene"),
    ],
)
def test_exceptions_close_it_and_name_their_article(market: str, line: LineFacts, text: str) -> None:
    right = by_law(case(market, line=line)).entitlements[K.return_refund]
    assert (right.open, right.why.text) == (False, text)
    assert right.why.source


def test_a_used_product_is_not_intact_in_china_but_withdrawal_in_the_union_bears_it() -> None:
    assert by_law(case(condition="used")).entitlements[K.return_refund].why.text == "exception.not_intact"
    assert by_law(case("EU", condition="used")).entitlements[K.return_refund].open


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (7, {"return_refund", "exchange", "repair"}),
        (8, {"exchange", "repair"}),
        (15, {"exchange", "repair"}),
        (16, {"repair"}),
        (365, {"repair"}),
        (366, set()),
    ],
)
def test_repair_replace_refund_guarantee(days: int, kinds: set[str]) -> None:
    line = LineFacts(covered_by_repair_guarantee=True)
    one = case(line=line, reason="defective", now=DELIVERED + timedelta(days=days))
    assert open_kinds(by_law(one)) == kinds


def test_two_repairs_make_an_exchange() -> None:
    line = LineFacts(covered_by_repair_guarantee=True, repairs_done=2)
    one = case(line=line, reason="defective", now=DELIVERED + timedelta(days=200))
    right = by_law(one).entitlements[K.exchange]
    assert (right.open, right.until, right.why.text) == (True, date(2027, 11, 21), "open.two_repairs")


def test_not_being_informed_gives_a_year_more_and_the_postage() -> None:
    one = case("EU", informed_of_withdrawal=False, now=DELIVERED + timedelta(days=300))
    right = by_law(one).entitlements[K.return_refund]
    assert (right.open, right.until, right.freight_payer) == (True, date(2027, 12, 5), FreightPayer.shop)


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (30, {"return_refund", "repair", "exchange", "resend"}),
        (31, {"repair", "exchange", "resend"}),
    ],
)
def test_short_term_right_to_reject(days: int, kinds: set[str]) -> None:
    assert open_kinds(by_law(case("UK", reason="defective", now=DELIVERED + timedelta(days=days)))) == kinds


def test_two_years_of_conformity_and_termination_after_a_failed_repair() -> None:
    late = DELIVERED + timedelta(days=700)
    one = case("EU", reason="defective", now=late)
    assert open_kinds(by_law(one)) == {"repair", "exchange", "resend"}
    assert by_law(one).entitlements[K.repair].until == date(2028, 11, 21)
    failed = case("EU", reason="defective", now=late, line=LineFacts(repairs_done=1))
    assert open_kinds(by_law(failed)) == {"repair", "exchange", "resend", "return_refund"}


@pytest.mark.parametrize(("durable", "days"), [(True, 90), (False, 30)])
def test_brazilian_defects(durable: bool, days: int) -> None:
    line = LineFacts(durable=durable)

    def right(after: int) -> bool:
        one = case("BR", line=line, reason="defective", now=DELIVERED + timedelta(days=after))
        return by_law(one).entitlements[K.repair].open

    assert (right(days), right(days + 1)) == (True, False)


def test_before_shipping_one_cancels_and_does_not_return() -> None:
    unshipped = Dates(paid=datetime(2026, 11, 17, tzinfo=UTC))
    one = case("EU", dates=unshipped, kind_asked=K.cancel_unshipped)
    decision = by_law(one)
    assert open_kinds(decision) == {"cancel_unshipped"}
    assert decision.entitlements[K.cancel_unshipped].until is None
    assert decision.entitlements[K.return_refund].why.text == "closed.not_shipped"


def test_a_united_states_order_not_shipped_in_thirty_days_may_be_cancelled() -> None:
    unshipped = Dates(paid=datetime(2026, 11, 1, 12, tzinfo=UTC))

    def right(day: date) -> bool:
        now = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
        return by_law(case("US", dates=unshipped, now=now)).entitlements[K.cancel_unshipped].open

    assert (right(date(2026, 12, 1)), right(date(2026, 12, 2))) == (False, True)


@pytest.mark.parametrize("market", MARKETS)
def test_a_recall_has_no_end_and_no_evidence(market: str) -> None:
    right = by_law(case(market, reason="recalled", now=DELIVERED + timedelta(days=4000))).entitlements[
        K.recall
    ]
    assert (right.open, right.until, right.freight_payer, right.evidence_needed) == (
        True,
        None,
        FreightPayer.shop,
        (),
    )


def test_a_plain_return_is_approved_and_capped() -> None:
    decision = decide(case(), law_pack("CN"), default_policy())
    assert (decision.outcome, decision.amount_cap_cents, decision.evidence_missing) == (
        Automatic.approve,
        9900,
        (),
    )
    assert decision.explanation[-1].rule == "auto.plain_return"
    asked_less = decide(case(asked_cents=5000), law_pack("CN"), default_policy())
    assert asked_less.amount_cap_cents == 5000


def test_a_fault_without_its_photo_waits_for_a_person() -> None:
    line = LineFacts(paid_cents=9900, freight_cents=800)
    without = decide(case(reason="damaged", line=line), law_pack("CN"), default_policy())
    assert (without.outcome, without.evidence_missing) == (Automatic.manual, ("photo",))
    shown = case(reason="damaged", line=line, evidence_kinds=frozenset({"photo"}), evidence_count=1)
    decision = decide(shown, law_pack("CN"), default_policy())
    assert (decision.outcome, decision.amount_cap_cents) == (Automatic.approve, 10700)
    assert decision.entitlements[K.return_refund].freight_payer is FreightPayer.shop


def test_a_doubtful_customer_keeps_the_right_but_meets_a_person() -> None:
    decision = decide(case(customer=Standing(abuse_score=60)), law_pack("CN"), default_policy())
    assert decision.outcome is Automatic.manual
    assert decision.entitlements[K.return_refund].open
    unshipped = case(
        dates=Dates(paid=DELIVERED), kind_asked=K.cancel_unshipped, customer=Standing(abuse_score=100)
    )
    assert decide(unshipped, law_pack("CN"), default_policy()).outcome is Automatic.approve


GENEROUS = PolicyDocument(
    id="generous",
    version=3,
    grants=(
        Grant(
            id="g.thirty",
            kinds=frozenset({K.return_refund}),
            text="open.no_reason",
            window=Window(starts="delivered", days=30),
            freight_payer=FreightPayer.customer,
        ),
    ),
    terms=(Terms(id="t.fee", fee_percent=10, fee_cents=100, evidence=("receipt",)),),
    automatic=(AutomaticRule(id="a.reject", outcome=Automatic.reject),),
)


def test_a_shop_gives_more_than_the_law_on_its_own_terms_only_after_the_law_ends() -> None:
    within = decide(case(), law_pack("CN"), GENEROUS)
    right = within.entitlements[K.return_refund]
    assert (right.by_law, right.until, right.why.rule) == (True, date(2026, 12, 21), "g.thirty")
    assert (right.fee_percent, right.fee_cents, right.evidence_needed) == (0, 0, ())
    assert (within.outcome, within.explanation[-1].text) == (Automatic.manual, "automatic.law_forbids_reject")
    after = decide(case(now=DELIVERED + timedelta(days=20)), law_pack("CN"), GENEROUS)
    right = after.entitlements[K.return_refund]
    assert (right.by_law, right.fee_percent, right.fee_cents, right.evidence_needed) == (
        False,
        10,
        100,
        ("receipt",),
    )
    assert (after.outcome, after.amount_cap_cents) == (Automatic.reject, 9900 - 990 - 100)


def test_a_decision_speaks_of_one_market() -> None:
    with pytest.raises(ValueError, match="case of CN, law of EU"):
        decide(case(), law_pack("EU"), NOTHING)


def test_replay_counts_what_would_have_changed() -> None:
    strict = default_policy().model_copy(
        update={"id": "strict", "automatic": (AutomaticRule(id="never", outcome=Automatic.manual),)}
    )
    past = [
        PastCase("A1", case(), 9000),
        PastCase("A2", case(now=DELIVERED + timedelta(days=60)), 0),
        PastCase("A3", case(kind_asked=None), 0),
    ]
    report = replay(default_policy(), strict, past, law=law_pack("CN"))
    assert (report.looked_at, report.cost_difference_cents, report.fewer_for_people) == (2, -900, -1)
    [changed] = report.changed
    assert (changed.reference, changed.before, changed.after) == ("A1", Automatic.approve, Automatic.manual)
    back = replay(strict, default_policy(), past, law=law_pack("CN"))
    assert (back.cost_difference_cents, back.fewer_for_people) == (900, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "mood", "op": "is", "value": "bad"},
        {"field": "custom_made", "op": "at_least", "value": 1},
        {"field": "paid_cents", "op": "at_most", "value": "1"},
        {"field": "paid_cents", "op": "at_most", "value": True},
        {"field": "reason", "op": "in", "value": "defective"},
        {"field": "reason", "op": "in", "value": []},
        {"field": "reason", "op": "is", "value": ["defective"]},
        {"field": "evidence_kinds", "op": "is", "value": "photo"},
        {"field": "reason", "op": "eval", "value": "1"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Test.model_validate(wrong)


def test_what_is_not_known_answers_no() -> None:
    facts = facts_of(case(asked_cents=None))
    for op in ("at_least", "at_most", "is", "is_not"):
        assert not Test.model_validate({"field": "asked_cents", "op": op, "value": 5}).holds(facts)


def test_documents_name_each_rule_once_and_laws_their_source() -> None:
    grant = Grant(id="x", kinds=frozenset({K.repair}), text="open.plain")
    with pytest.raises(ValidationError, match="used twice: x"):
        PolicyDocument(id="p", version=1, grants=(grant, grant))
    with pytest.raises(ValidationError, match="without a source: x"):
        LawPack(
            market="CN",
            version="1",
            valid_from=date(2026, 1, 1),
            checked_by_lawyer=False,
            time_zone="UTC",
            last_day_moves=False,
            grants=(grant,),
        )
    assert PolicyDocument.model_validate_json(default_policy().model_dump_json()) == default_policy()
    assert [law_pack(market).checked_by_lawyer for market in MARKETS] == [False] * 6
    with pytest.raises(KeyError):
        law_pack("../CN")


def test_facts_are_exactly_the_fields_that_rules_may_ask_about() -> None:
    facts = facts_of(case(asked_cents=1))
    assert set(facts) == set(FIELDS)
    assert {name for name, fact in facts.items() if type(fact) is not FIELDS[name]} == set()


def test_months_end_where_the_month_ends() -> None:
    assert plus_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert plus_months(date(2026, 10, 31), 4) == date(2027, 2, 28)
    assert plus_months(date(2026, 12, 1), 0) == date(2026, 12, 1)


def test_sentences() -> None:
    right = by_law(case()).entitlements[K.return_refund]
    today = date(2026, 11, 22)
    assert explain(right.why, "zh-CN", today) == "签收次日起 7 天内可无理由退货，截止 11 月 28 日 23:59。"
    assert explain(right.why, "zh-TW", today) == "簽收次日起 7 天內可無理由退貨，截止 11 月 28 日 23:59。"
    assert explain(right.why, "en", today) == (
        "You can return it for any reason within 7 days after the day you received it, until 23:59 on 28 November."
    )
    assert day_text(date(2027, 1, 2), "zh-CN", today, end_of_day=True) == "2027 年 1 月 2 日 23:59"
    assert sentence("本店承诺三十天退货", (), "zh-CN", today) == "本店承诺三十天退货"


def test_every_text_of_the_shipped_rules_is_there_in_every_language() -> None:
    documents = [*(law_pack(market).grants for market in MARKETS), default_policy().grants]
    texts = {grant.text for grants in documents for grant in grants}
    texts |= {rule.text for grants in documents for grant in grants for rule in grant.exceptions}
    texts |= {rule.text for rule in default_policy().exclusions}
    texts |= {rule.text for rule in default_policy().automatic}
    for locale in LOCALES:
        assert texts <= text_keys(locale)
        assert text_keys(locale) == text_keys("en")


some_time = st.integers(0, 800).map(lambda days: DELIVERED + timedelta(days=days, hours=7))
flags = st.booleans()
lines = st.builds(
    LineFacts,
    price_cents=st.integers(0, 10**6),
    paid_cents=st.integers(0, 10**6),
    freight_cents=st.integers(0, 5000),
    custom_made=flags,
    perishable=flags,
    digital=flags,
    digital_started=flags,
    periodical=flags,
    hygiene_sealed=flags,
    hygiene_seal_broken=flags,
    final_sale=flags,
    unsuitable_confirmed=flags,
    covered_by_repair_guarantee=flags,
    durable=flags,
    under_warranty_months=st.integers(0, 36),
    repairs_done=st.integers(0, 3),
    longest_repair_days=st.integers(0, 60),
)


@st.composite
def cases(draw: st.DrawFn, delivered: bool | None = None) -> PolicyInput:
    market = draw(st.sampled_from(MARKETS))
    signed = DELIVERED if (draw(flags) if delivered is None else delivered) else None
    shipped = DELIVERED - timedelta(days=3) if signed or draw(flags) else None
    return PolicyInput(
        market=market,
        time_zone=law_pack(market).time_zone,
        line=draw(lines),
        dates=Dates(
            paid=DELIVERED - timedelta(days=5),
            shipped=shipped,
            delivered=signed,
            defect_evident=DELIVERED if draw(flags) else None,
        ),
        reason=draw(st.sampled_from(Reason)),
        fault_side=draw(st.sampled_from(FaultSide)),
        condition=draw(st.sampled_from(Condition)),
        evidence_kinds=draw(st.frozensets(st.sampled_from(["photo", "video"]))),
        customer=draw(st.builds(Standing, past_claims=st.integers(0, 9), abuse_score=st.integers(0, 100))),
        informed_of_withdrawal=draw(flags),
        kind_asked=draw(st.sampled_from(ClaimKind)),
        now=draw(some_time),
    )


@st.composite
def questions(draw: st.DrawFn) -> Test:
    name = draw(st.sampled_from(sorted(FIELDS)))
    words = st.sampled_from([*(reason.value for reason in Reason), "CN", "EU", "used", "photo"])
    value: object
    if FIELDS[name] is bool:
        op, value = draw(st.sampled_from(["is", "is_not"])), draw(flags)
    elif FIELDS[name] is int:
        op, value = draw(st.sampled_from(["at_least", "at_most"])), draw(st.integers(0, 50000))
    elif FIELDS[name] is str:
        op, value = draw(st.sampled_from(["in", "not_in"])), draw(st.lists(words, min_size=1, max_size=4))
    else:
        op, value = (
            draw(st.sampled_from(["has_any", "has_all"])),
            draw(st.lists(words, min_size=1, max_size=2)),
        )
    return Test.model_validate({"field": name, "op": op, "value": value})


kinds = st.frozensets(st.sampled_from(ClaimKind), min_size=1)
tests = st.lists(questions(), max_size=2).map(tuple)
payers = st.sampled_from(FreightPayer)


@st.composite
def policies(draw: st.DrawFn) -> PolicyDocument:
    def rows(prefix: str) -> list[str]:
        return [f"{prefix}{at}" for at in range(draw(st.integers(0, 3)))]

    window = st.builds(
        Window,
        starts=st.sampled_from(["paid", "shipped", "delivered"]),
        days=st.integers(0, 60),
        months=st.integers(0, 6),
        months_of_warranty=flags,
        open_before=flags,
    )
    return PolicyDocument(
        id="any",
        version=1,
        grants=tuple(
            Grant(
                id=name,
                kinds=draw(kinds),
                text="open.exchange",
                when=draw(tests),
                window=draw(st.none() | window),
                freight_payer=draw(payers),
            )
            for name in rows("g")
        ),
        exclusions=tuple(
            Exclusion(id=name, kinds=draw(kinds), when=(draw(questions()),), text="exception.final_sale")
            for name in rows("x")
        ),
        terms=tuple(
            Terms(
                id=name,
                kinds=draw(kinds),
                when=draw(tests),
                freight_payer=draw(st.none() | payers),
                fee_percent=draw(st.none() | st.integers(0, 100)),
                fee_cents=draw(st.none() | st.integers(0, 1000)),
                evidence=draw(st.none() | st.just(("receipt",))),
            )
            for name in rows("t")
        ),
        automatic=tuple(
            AutomaticRule(
                id=name, kinds=draw(kinds), when=draw(tests), outcome=draw(st.sampled_from(Automatic))
            )
            for name in rows("a")
        ),
        when_closed=draw(st.sampled_from([Automatic.manual, Automatic.reject])),
    )


days_off = st.frozensets(st.integers(0, 60).map(lambda days: DELIVERED.date() + timedelta(days=days)))
often = settings(max_examples=200, deadline=None)


@often
@given(cases(), policies(), days_off)
def test_no_shop_policy_makes_a_decision_worse_than_the_law(
    one: PolicyInput, shop: PolicyDocument, off: frozenset[date]
) -> None:
    law = law_pack(one.market)
    bare, whole = decide(one, law, NOTHING, days_off=off), decide(one, law, shop, days_off=off)
    for kind, least in bare.entitlements.items():
        right = whole.entitlements[kind]
        assert right.by_law == least.open
        if least.open:
            assert right.open
            assert right.until is None or (least.until is not None and right.until >= least.until)
            assert right.freight_payer in {least.freight_payer, FreightPayer.shop}
            assert right.outward_freight_back >= least.outward_freight_back
            assert (right.fee_percent, right.fee_cents) == (0, 0)
            assert right.automatic is not Automatic.reject
            assert right.legal_source == least.legal_source != ""
    if one.kind_asked is not None and bare.entitlements[one.kind_asked].open:
        assert whole.outcome is not Automatic.reject
        assert (whole.amount_cap_cents or 0) >= (bare.amount_cap_cents or 0)


@often
@given(cases(delivered=True), policies(), days_off, some_time)
def test_what_time_closed_stays_closed(
    one: PolicyInput, shop: PolicyDocument, off: frozenset[date], another: datetime
) -> None:
    earlier, later = sorted([one.now, another])
    law = law_pack(one.market)

    def rights(now: datetime) -> set[str]:
        return open_kinds(decide(one.model_copy(update={"now": now}), law, shop, days_off=off))

    assert rights(later) <= rights(earlier)


@often
@given(cases(), policies())
def test_decisions_are_the_same_twice_and_explained(one: PolicyInput, shop: PolicyDocument) -> None:
    law = law_pack(one.market)
    decision = decide(one, law, shop)
    assert decision == decide(PolicyInput.model_validate_json(one.model_dump_json()), law, shop)
    ids = [grant.id for grant in (*law.grants, *shop.grants)] + [rule.id for rule in shop.exclusions]
    ids += [row.id for row in shop.terms if one.kind_asked in row.kinds]
    looked_at = [looked.rule for looked in decision.explanation]
    assert looked_at[: len(ids)] == ids
    assert decision.explanation[-1].matched
    assert not any(looked.matched for looked in decision.explanation[len(ids) : -1])
    assert set(decision.entitlements) == set(ClaimKind)
    for looked in (*decision.explanation, *(right.why for right in decision.entitlements.values())):
        for locale in LOCALES:
            told = explain(looked, locale, one.today())
            assert told
            assert not set(told) & set("{}")
            assert looked.text in text_keys(locale)


def test_what_has_no_warranty_is_never_repaired_and_says_so() -> None:
    def repair(months: int) -> tuple[bool, str]:
        one = case(
            reason=Reason.defective,
            kind_asked=K.repair,
            line=LineFacts(price_cents=9900, paid_cents=9900, under_warranty_months=months),
        )
        right = decide(one, law_pack("CN"), default_policy()).entitlements[K.repair]
        return right.open, explain(right.why, "zh-CN", date(2026, 11, 22))

    assert repair(0) == (False, "这件商品没有保修。")
    assert repair(12) == (True, "仍在保修期内，可免费维修，截止 2027 年 11 月 21 日 23:59。")


def test_of_conditions_that_fail_the_reason_is_told_which_the_customer_chose() -> None:
    torn = decide(case(reason=Reason.damaged, kind_asked=K.repair), law_pack("CN"), default_policy())
    assert torn.entitlements[K.repair].why.params == (("field", "reason"),)
    assert (
        explain(torn.entitlements[K.repair].why, "zh-CN", date(2026, 11, 22))
        == "按您选的原因，不能这样办理。"
    )

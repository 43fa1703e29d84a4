"""What answers to customers tell of a claim, and what is held against it."""

from aftercare import claims
from aftercare.cases import case_values, check_answer
from aftercare.claims import ClaimKind, Reason
from aftercare.journal import House, begin
from tests import given
from tests.given import AGENT, Line


async def test_the_fields_of_a_claim_and_the_most_that_may_be_promised(house: House) -> None:
    home = await given.a_shop(house)
    bought = await given.an_order(house, home, Line(price_cents=29_900, quantity=2))
    claim = await given.a_claim(house, bought, ClaimKind.return_refund, Reason.defective, description="坏了")
    agent = given.staff(home, AGENT)
    async with begin(house, agent) as work:
        card = await claims.claim_card(work, claim.id)
        values = await case_values(work, card.case_id, "zh-CN")
        english = await case_values(work, card.case_id, "en")
        most = (await check_answer(work, card.case_id, "给您退 ¥299.00")).findings
        more = (await check_answer(work, card.case_id, "给您退 ¥299.01")).findings
    assert (values["claim"], values["claim_kind"], values["order"], values["item"], values["amount"]) == (
        card.number,
        claims.label("kind", card.kind, "zh-CN"),
        bought.number,
        "破壁料理机 L18",
        "¥299.00",
    )
    assert english["claim_state"] == claims.label("state", card.state, "en")
    assert most == []
    assert [(one.flaw.value, one.words, one.instead) for one in more] == [("amount", "¥299.01", "¥299.00")]


async def test_who_may_not_read_claims_is_told_nothing_of_them(house: House) -> None:
    home = await given.a_shop(house)
    bought = await given.an_order(house, home)
    claim = await given.a_claim(house, bought, ClaimKind.return_refund, Reason.defective, description="坏了")
    async with begin(house) as work:
        case_id = (await claims.claim_card(work, claim.id)).case_id
    async with begin(house, given.staff(home, AGENT - {"claims.read"})) as work:
        values = await case_values(work, case_id, "zh-CN")
    assert (values["claim"], values["amount"], values["order"]) == ("", "", bought.number)

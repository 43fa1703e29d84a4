"""Whatever way a customer gets in touch, it is one case: chat, telephone, mail, on the demo, in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.connectors.mail.dovecot import Dovecot
from tests.connectors.mail.dovecot import dovecot as dovecot
from tests.faults.installed import rows_of
from tests.stories.browsers import A_STORY, DESK, PHONE, Bought, Scene, _as_bought
from tests.stories.one_case import one_matter_is_one_case

pytestmark = A_STORY

# Of customers without a matter, so that this is their only one.
LATELY = """
    SELECT o.id, o.number, o.shop_id, o.delivered_at, o.currency, c.email, c.phone, c.name AS customer, l.title,
      l.unit_price_cents - l.discount_cents AS paid_cents
    FROM sales_order o JOIN customer c ON c.id = o.customer_id
    JOIN order_line l ON l.order_id = o.id JOIN shop s ON s.id = o.shop_id
    WHERE o.status = 'delivered' AND c.email IS NOT NULL AND c.phone IS NOT NULL AND c.locale = 'zh-CN'
      AND s.market = 'CN' AND l.quantity = 1 AND s.code <> 'shanye-food' AND o.delivered_at > :since
      AND (SELECT count(*) FROM order_line x WHERE x.order_id = o.id) = 1
      AND NOT EXISTS (SELECT 1 FROM claim x WHERE x.customer_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM service_case x WHERE x.customer_id = c.id)
    ORDER BY o.delivered_at DESC, o.id
"""


async def bought_lately(scene: Scene, number: int) -> tuple[Bought, str]:
    since = datetime.now(UTC) - timedelta(days=6)
    taken = {one.number for one in scene.bought}
    rows = [row for row in await rows_of(scene.house, LATELY, since=since) if row.number not in taken]
    if len(rows) <= number:
        pytest.skip("the demo's week had too few parcels")
    return (await _as_bought(scene.house, [rows[number]]))[0], rows[number].phone


async def test_from_a_telephone(demo: Scene, dovecot: Dovecot) -> None:
    bought, phone = await bought_lately(demo, 0)
    await one_matter_is_one_case(demo, bought, phone, dovecot, PHONE, "one-case")


async def test_from_a_desk(demo: Scene, dovecot: Dovecot) -> None:
    # The first one has a matter now.
    bought, phone = await bought_lately(demo, 0)
    await one_matter_is_one_case(demo, bought, phone, dovecot, DESK, "one-case-desk")

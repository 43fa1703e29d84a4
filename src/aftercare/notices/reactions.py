"""Every fact that the rules name plans its notice at once; every planned notice is sent by the worker."""

from aftercare.journal import FACTS, House, after, within
from aftercare.notices.events import NoticePlanned
from aftercare.notices.planning import plan
from aftercare.notices.rules import rules_by_fact
from aftercare.notices.sending import send_notice

# Importing `sending` has imported the contexts whose facts these are.
within(*(FACTS[name] for name in rules_by_fact()), together=True)(plan)


@after(NoticePlanned, outside=True)
async def send_planned(house: House, fact: NoticePlanned) -> None:
    await send_notice(house, fact.notice_id)

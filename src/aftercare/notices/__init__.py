"""Notices: who should hear about it.

A **rule** says which fact is told to the customer with which **template**; a **notice** is one such telling. It is planned in
the transaction of its fact, worded and sent by the worker, and stands in the portal whatever becomes of the mail. A
**letter** is a notice as e-mail; its Message-ID follows from the notice, so that a repeated sending is the same letter.
"""

import aftercare.notices.reactions
import aftercare.notices.webhooks  # noqa: F401  # both register what follows from facts
from aftercare.notices.events import NoticePlanned, NoticeRead, NoticeSent
from aftercare.notices.model import (
    NoticeNotFound,
    NoticeState,
    NoticeUnderWay,
    TemplateBroken,
    TemplateNotFound,
)
from aftercare.notices.ports import Letter, MailRefused, MailSender
from aftercare.notices.queries import list_notices, my_notices, notice_share
from aftercare.notices.sending import note_bounce, send_due
from aftercare.notices.templates import NewWords, list_templates, preview, remove_template, set_template
from aftercare.notices.verbs import bounced, mark_read, resend

__all__ = [
    "Letter",
    "MailRefused",
    "MailSender",
    "NewWords",
    "NoticeNotFound",
    "NoticePlanned",
    "NoticeRead",
    "NoticeSent",
    "NoticeState",
    "NoticeUnderWay",
    "TemplateBroken",
    "TemplateNotFound",
    "bounced",
    "list_notices",
    "list_templates",
    "mark_read",
    "my_notices",
    "note_bounce",
    "notice_share",
    "preview",
    "remove_template",
    "resend",
    "send_due",
    "set_template",
]

"""Notices: who should hear about it.

A **rule** says which fact is told to the customer with which **template**; a **notice** is one such telling. It is planned in
the transaction of its fact, worded and sent by the worker, and stands in the portal whatever becomes of the mail. A
**letter** is a notice as e-mail; its Message-ID follows from the notice, so that a repeated sending is the same letter.
"""

import aftercare.notices.reactions  # noqa: F401  # registers what follows from facts
from aftercare.notices.events import (
    NoticeFailed,
    NoticePlanned,
    NoticeRead,
    NoticeSent,
    NoticeSuppressed,
    TemplateBroke,
    TemplateRemoved,
    TemplateSet,
)
from aftercare.notices.model import (
    NoticeNotFound,
    NoticeState,
    NoticeUnderWay,
    TemplateBroken,
    TemplateNotFound,
)
from aftercare.notices.ports import Letter, MailRefused, MailSender
from aftercare.notices.queries import (
    MyNotice,
    MyNotices,
    NoticeShare,
    NoticeView,
    get_notice,
    list_notices,
    my_notices,
    notice_share,
)
from aftercare.notices.sending import message_id, note_bounce, send_due
from aftercare.notices.templates import (
    NewWords,
    Preview,
    TemplateView,
    list_templates,
    preview,
    remove_template,
    set_template,
)
from aftercare.notices.verbs import bounced, mark_read, resend

__all__ = [
    "Letter",
    "MailRefused",
    "MailSender",
    "MyNotice",
    "MyNotices",
    "NewWords",
    "NoticeFailed",
    "NoticeNotFound",
    "NoticePlanned",
    "NoticeRead",
    "NoticeSent",
    "NoticeShare",
    "NoticeState",
    "NoticeSuppressed",
    "NoticeUnderWay",
    "NoticeView",
    "Preview",
    "TemplateBroke",
    "TemplateBroken",
    "TemplateNotFound",
    "TemplateRemoved",
    "TemplateSet",
    "TemplateView",
    "bounced",
    "get_notice",
    "list_notices",
    "list_templates",
    "mark_read",
    "message_id",
    "my_notices",
    "note_bounce",
    "notice_share",
    "preview",
    "remove_template",
    "resend",
    "send_due",
    "set_template",
]

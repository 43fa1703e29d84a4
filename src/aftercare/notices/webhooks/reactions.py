"""Who made a webhook hears by e-mail that it is told nothing any more."""

from datetime import datetime
from html import escape
from typing import Any

from sqlalchemy import text

from aftercare.journal import SYSTEM, House, after, begin
from aftercare.notices.ports import Letter, MailRefused, MailSender
from aftercare.notices.webhooks.events import WebhookGaveUp

WORDS: dict[str, tuple[str, str]] = {
    "zh-CN": (
        "推送“{name}”已停止",
        (
            "{person}，您好：\n\n推送“{name}”（{host}）已停止，之后发生的事不再发送给它。\n原因：{why}\n最后一次的回应：{error}\n\n"
            "排除故障后，请到管理台“共享”页面重新打开，并选择从停止的时刻起补发；补发的消息编号与原来相同。"
        ),
    ),
    "zh-TW": (
        "推送「{name}」已停止",
        (
            "{person}，您好：\n\n推送「{name}」（{host}）已停止，之後發生的事不再傳送給它。\n原因：{why}\n最後一次的回應：{error}\n\n"
            "排除問題後，請到管理台「共享」頁面重新開啟，並選擇從停止的時間起補送；補送的訊息編號與原來相同。"
        ),
    ),
    "en": (
        "The webhook “{name}” has been switched off",
        (
            "Dear {person},\n\nthe webhook “{name}” ({host}) has been switched off and is told nothing any more.\nWhy: {why}\n"
            "Its last answer: {error}\n\nOnce it works again, switch it on under Sharing in the console and have it told what happened"
            " since then; the messages keep their ids."
        ),
    ),
}
WHY: dict[str, dict[str, str]] = {
    "failing": {
        "zh-CN": "连续 {days} 天没有一次成功",
        "zh-TW": "連續 {days} 天沒有一次成功",
        "en": "not one success in {days} days",
    },
    "gone": {
        "zh-CN": "对方回答该地址已不存在（410）",
        "zh-TW": "對方回答該位址已不存在（410）",
        "en": "it answered that it is gone (410)",
    },
}

ABOUT = text(
    """
    SELECT w.name, w.url, w.last_error, w.off_at, a.name AS person, a.email, a.locale FROM webhook w
    JOIN account a ON a.id = w.created_by AND a.active WHERE w.id = :id
    """
)


@after(WebhookGaveUp, outside=True)
async def tell_who_made_it(house: House, fact: WebhookGaveUp) -> None:
    sender: MailSender | None = house.ports.get(MailSender)
    async with begin(house, SYSTEM) as work:
        row = (await work.session.execute(ABOUT, {"id": fact.webhook_id})).one_or_none()
    if row is None or sender is None:
        return
    try:
        await sender.send(_letter(row, fact, sender.address, row.off_at or house.clock()))
    except MailRefused:
        # The console shows it too; there is nobody else to be told.
        return


def _letter(row: Any, fact: WebhookGaveUp, address: str, date: datetime) -> Letter:
    locale = row.locale if row.locale in WORDS else "en"
    subject, body = WORDS[locale]
    fields = {
        "name": row.name,
        "person": row.person,
        "host": row.url.split("/")[2],
        "why": WHY[fact.why][locale].format(days=fact.days),
        "error": row.last_error or "–",
    }
    said = body.format(**fields)
    paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in said.split("\n\n"))
    domain = address.rpartition("@")[2].rstrip(">") or "localhost"
    return Letter(
        message_id=f"<webhook.{fact.webhook_id.hex}.{int(date.timestamp())}@{domain}>",
        sender_name="Aftercare",
        to=row.email,
        to_name=row.person,
        reply_to=None,
        subject=subject.format(**fields),
        text=said,
        html=f'<!doctype html><html lang="{locale}"><body>{paragraphs}</body></html>',
        locale=locale,
        date=date,
    )

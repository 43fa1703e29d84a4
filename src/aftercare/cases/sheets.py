"""A queue as a sheet."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from aftercare.cases.model import NO_CLOCK, Priority, Stage, Status
from aftercare.cases.queries import Filters, Sort, View, wanted_cases
from aftercare.journal import Work
from aftercare.kit.database import statement
from aftercare.kit.sheets import Cell, Sheet, moment

COLUMNS = {
    "zh-CN": "个案号 店铺 标题 状态 阶段 优先级 渠道 标签 技能 语言 客户 订单号 负责人 打开时间 最近消息 最近期限 关闭时间",
    "zh-TW": "案件編號 商店 標題 狀態 階段 優先順序 管道 標籤 技能 語言 客戶 訂單編號 負責人 開啟時間 最近訊息 最近期限 關閉時間",
    "en": "Case|Shop|Title|Status|Stage|Priority|Channel|Tags|Skill|Language|Customer|Order|Owner|Opened|Last message|Next due"
    "|Closed",
}


def _named(kind: type[StrEnum], names: str) -> dict[str, str]:
    return dict(zip(kind, names.split("|"), strict=True))


WORDS = {
    "zh-CN": _named(Status, "待首次回复|等我们|等客户|已解决|已关闭")
    | _named(Stage, "咨询|诊断|提出方案|执行|回访|评价|改进")
    | _named(Priority, "低|普通|高|紧急"),
    "zh-TW": _named(Status, "待首次回覆|等我們|等客戶|已解決|已關閉")
    | _named(Stage, "諮詢|診斷|提出方案|執行|回訪|評價|改進")
    | _named(Priority, "低|普通|高|緊急"),
    "en": _named(Status, "New|Waiting for us|Waiting for the customer|Solved|Closed")
    | _named(Stage, "Consulted|Diagnosed|Offered|Carrying out|Follow-up|Evaluated|Improved")
    | _named(Priority, "Low|Normal|High|Urgent"),
}

ORDERS = {Sort.due: "c.due_at, c.id", Sort.recent: "c.last_message_at DESC, c.id DESC"}


async def cases_sheet(work: Work, filters: Filters) -> Sheet:
    """The cases of the queue under the same filter, in the same order. Needs `cases.read`."""
    work.require("cases.read")
    locale = work.actor.locale if work.actor.locale in COLUMNS else "en"
    conditions, values = await wanted_cases(work, filters)
    sort = filters.sort or (Sort.recent if filters.view is View.all or filters.words else Sort.due)
    asks = statement(
        f"""
        SELECT c.number, s.name AS shop_name, s.time_zone, c.title, c.status, c.stage, c.priority, c.channel, c.tags, c.skill,
          c.locale, u.name AS customer_name, o.number AS order_number, a.name AS owner_name, c.opened_at, c.last_message_at,
          c.due_at, c.closed_at
        FROM service_case c JOIN shop s ON s.id = c.shop_id LEFT JOIN customer u ON u.id = c.customer_id
        LEFT JOIN sales_order o ON o.id = c.order_id LEFT JOIN account a ON a.id = c.owner_id
        WHERE {" AND ".join(conditions)} ORDER BY {ORDERS[sort]}
        """  # noqa: S608  # only our own words are put in
    )

    def cells(row: Any) -> Sequence[Cell]:
        return (
            row.number,
            row.shop_name,
            row.title,
            *(WORDS[locale][word] for word in (row.status, row.stage, row.priority)),
            row.channel,
            ", ".join(row.tags),
            row.skill,
            row.locale,
            row.customer_name,
            row.order_number,
            row.owner_name,
            moment(row.opened_at, row.time_zone),
            moment(row.last_message_at, row.time_zone),
            None if row.due_at >= NO_CLOCK else moment(row.due_at, row.time_zone),
            moment(row.closed_at, row.time_zone),
        )

    return Sheet("cases", COLUMNS[locale].split("|" if locale == "en" else " "), asks, cells, values)

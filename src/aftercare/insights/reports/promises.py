"""The promises, as the product makes them, each with the indicators that measure it."""

from dataclasses import dataclass

from aftercare.insights.reports.model import PromiseUnknown

LOCALES = ("zh-CN", "zh-TW", "en")


@dataclass(frozen=True)
class Promise:
    """`measures`: names of indicators, the first of which stands for the promise. `said`: what is promised, by language."""

    key: str
    measures: tuple[str, ...]
    title: dict[str, str]
    said: dict[str, str]
    public: bool = True
    """Whether a shop may show it to everybody."""


def _told(chinese: str, taiwan: str, english: str) -> dict[str, str]:
    return dict(zip(LOCALES, (chinese, taiwan, english), strict=True))


PROMISES = (
    Promise(
        "first_answer",
        ("first_answer", "next_answer"),
        _told("首次回答", "首次回覆", "First answer"),
        _told(
            "机器人随时即答；工作时间内人工回答中位数不超过 5 分钟，九成在 1 小时内，任何情况不超过 24 小时。",
            "機器人隨時即答；服務時間內專人回覆中位數不超過 5 分鐘，九成在 1 小時內，任何情況不超過 24 小時。",
            "The bot answers at once, day and night; people in a median of 5 minutes in hours, within 1 hour for 90 %, never after 24.",
        ),
    ),
    Promise(
        "satisfaction",
        ("csat", "bot_rating"),
        _told("满意度", "滿意度", "Satisfaction"),
        _told(
            "至少九成客户满意；机器人的回答平均至少 4.8 分（满分 5 分）。",
            "至少九成客戶滿意；機器人的回答平均至少 4.8 分（滿分 5 分）。",
            "At least 90 % of customers are satisfied; the bot's answers score at least 4.8 of 5.",
        ),
    ),
    Promise(
        "solved_once",
        ("resolved_once", "first_contact_resolution", "fault_resolution"),
        _told("一次解决", "一次解決", "Solved once"),
        _told(
            "至少 95% 的问题不用再次联系；故障类问题 24 小时内解决。",
            "至少 95% 的問題不必再次聯絡；故障類問題 24 小時內解決。",
            "At least 95 % of matters need no second contact; faults are solved within 24 hours.",
        ),
    ),
    Promise(
        "returns",
        ("claim_decision", "self_service_refund", "refund_time"),
        _told("退换货处理", "退換貨處理", "Returns"),
        _told(
            "退换货以小时计：从申请到决定中位数不超过 12 小时；自助退款 10 分钟内发起。",
            "退換貨以小時計：從申請到決定中位數不超過 12 小時；自助退款 10 分鐘內發起。",
            "Hours, not days: a median of 12 hours from request to decision; self-service refunds begin within 10 minutes.",
        ),
    ),
    Promise(
        "notices",
        ("notices_right",),
        _told("进度通知", "進度通知", "Progress notices"),
        _told(
            "至少 98% 的进度通知准确送达，不漏、不重、不错。",
            "至少 98% 的進度通知準確送達，不漏、不重、不錯。",
            "At least 98 % of progress notices are sent and right: none lost, none twice, none wrong.",
        ),
    ),
    Promise(
        "deliveries",
        ("deliveries", "delay_warnings"),
        _told("按时送达", "準時送達", "Deliveries on time"),
        _told(
            "至少 95% 的订单按承诺时间送达；高峰前公布延误预警，每月至少两次。",
            "至少 95% 的訂單依承諾時間送達；尖峰前公布延誤預警，每月至少兩次。",
            "At least 95 % of orders arrive when promised; delays are warned of ahead of peaks, at least twice a month.",
        ),
    ),
    Promise(
        "quality",
        ("complaint_rate", "inspection_coverage"),
        _told("商品质量", "商品品質", "Product quality"),
        _told(
            "质量投诉低于售出件数的 5%；每季抽检覆盖全部商品。",
            "品質客訴低於售出件數的 5%；每季抽檢涵蓋全部商品。",
            "Complaints about quality stay below 5 % of units sold; every product is inspected each quarter.",
        ),
    ),
    Promise(
        "consistency",
        ("consistency", "training_coverage"),
        _told("服务一致", "服務一致", "Consistent service"),
        _told(
            "抽查对话平均至少 85 分（满分 100 分）；培训覆盖全员。",
            "抽查對話平均至少 85 分（滿分 100 分）；訓練涵蓋全員。",
            "Reviewed conversations score at least 85 of 100; everybody is trained.",
        ),
    ),
    Promise(
        "voice",
        ("voice_positive", "voice_answers"),
        _told("客户之声", "客戶之聲", "Voice of customers"),
        _told(
            "每季至少听取 500 条客户回答，至少八成是正面的。",
            "每季至少聽取 500 則客戶回答，至少八成是正面的。",
            "At least 500 answers of customers a quarter, at least 80 % of them positive.",
        ),
    ),
    Promise(
        "transparency",
        (),
        _told("公开透明", "公開透明", "Transparency"),
        _told(
            "每月、每季公布报告；透明度至少 80 分（满分 100 分）。",
            "每月、每季公布報告；透明度至少 80 分（滿分 100 分）。",
            "A report every month and every quarter; a transparency score of at least 80 of 100.",
        ),
    ),
    Promise(
        "cost",
        ("service_cost_per_case", "cost_per_case", "cost_per_order", "return_on_investment"),
        _told("成本", "成本", "Cost"),
        _told(
            "每个个案的成本及其构成精确到分；每一项投入都算回报。",
            "每個案件的成本及其構成精確到分；每一項投入都計算回報。",
            "The cost of a case and its parts are known to the cent; the return on each investment is computed.",
        ),
        public=False,
    ),
)
BY_KEY = {promise.key: promise for promise in PROMISES}


def promise_named(key: str) -> Promise:
    """Refuses with PromiseUnknown."""
    try:
        return BY_KEY[key]
    except KeyError:
        raise PromiseUnknown(promise=key) from None

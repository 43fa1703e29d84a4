"""What alarms are called, in three languages: at the desk, in the console and in letters."""

SERIES: dict[str, dict[str, str]] = {
    "claims": {"zh-CN": "售后申请", "zh-TW": "售後申請", "en": "claims"},
    "product_claims": {
        "zh-CN": "“{label}”的质量售后",
        "zh-TW": "「{label}」的品質售後",
        "en": "claims of faults of “{label}”",
    },
    "missed_promises": {
        "zh-CN": "{label} 的超时包裹",
        "zh-TW": "{label} 的逾時包裹",
        "en": "late parcels of {label}",
    },
    "contacts": {"zh-CN": "咨询会话", "zh-TW": "諮詢對話", "en": "conversations"},
    "cases": {"zh-CN": "新个案", "zh-TW": "新個案", "en": "new cases"},
    "broken_promises": {"zh-CN": "超时的承诺", "zh-TW": "逾時的承諾", "en": "broken promises"},
    "handed_over": {
        "zh-CN": "助手转人工",
        "zh-TW": "助理轉真人",
        "en": "hand-overs by the assistant",
    },
    "bad_reviews": {"zh-CN": "差评", "zh-TW": "負評", "en": "bad reviews"},
    "failed_refunds": {"zh-CN": "退款失败", "zh-TW": "退款失敗", "en": "failed refunds"},
    "topic": {
        "zh-CN": "提到“{label}”的话",
        "zh-TW": "提到「{label}」的話",
        "en": "texts about “{label}”",
    },
    "crisis": {"zh-CN": "生气的客户", "zh-TW": "生氣的客戶", "en": "angry customers"},
    "rush": {"zh-CN": "咨询会话", "zh-TW": "諮詢對話", "en": "conversations"},
    "anger": {"zh-CN": "生气的客户", "zh-TW": "生氣的客戶", "en": "angry customers"},
}
MISSED = {"zh-CN": "{title}：未达标", "zh-TW": "{title}：未達標", "en": "{title}: not as it should be"}
"""Of a share that is good when it is high, what is counted is what was not so."""
OF_PART = {"zh-CN": "{title}（{label}）", "zh-TW": "{title}（{label}）", "en": "{title} ({label})"}
MORE = {
    "zh-CN": "{what}变多：{days} 天 {value} 个，平时 {expected} 个",
    "zh-TW": "{what}變多：{days} 天 {value} 個，平常 {expected} 個",
    "en": "More {what}: {value} in {days} d, usually {expected}",
}
MORE_WITHIN_HOURS = {
    "zh-CN": "{what}突然变多：{hours} 小时内 {value} 个，平时同一时段 {expected} 个",
    "zh-TW": "{what}突然變多：{hours} 小時內 {value} 個，平常同一時段 {expected} 個",
    "en": "Suddenly more {what}: {value} within {hours} h, usually {expected} in these hours",
}
LESS = {
    "zh-CN": "{what}变少：{days} 天 {value} 个，平时 {expected} 个",
    "zh-TW": "{what}變少：{days} 天 {value} 個，平常 {expected} 個",
    "en": "Fewer {what}: {value} in {days} d, usually {expected}",
}
OTHERWISE = {
    "zh-CN": "{what}异常：近 {days} 天 {value}，平时 {expected}",
    "zh-TW": "{what}異常：近 {days} 天 {value}，平常 {expected}",
    "en": "{what} is unusual: {value} in {days} d, usually {expected}",
}
SEVERITY: dict[str, dict[str, str]] = {
    "zh-CN": {"notable": "值得注意", "serious": "严重", "crisis": "危机"},
    "zh-TW": {"notable": "值得注意", "serious": "嚴重", "crisis": "危機"},
    "en": {"notable": "notable", "serious": "serious", "crisis": "CRISIS"},
}
LETTER: dict[str, tuple[str, str, str]] = {
    "zh-CN": (
        "{shop}：{title}",
        "{person}，您好：\n\n{shop} 出现异常：\n\n{lines}\n\n图表、处理步骤和背后的个案：{url}\n\n同一件事未关闭之前不会再次发信。",
        "· [{severity}] {title}",
    ),
    "zh-TW": (
        "{shop}：{title}",
        "{person}，您好：\n\n{shop} 出現異常：\n\n{lines}\n\n圖表、處理步驟與背後的案件：{url}\n\n同一件事未關閉之前不會再次寄信。",
        "· [{severity}] {title}",
    ),
    "en": (
        "{shop}: {title}",
        (
            "Dear {person},\n\nsomething is unusual at {shop}:\n\n{lines}\n\nPicture, plan and the cases behind it: {url}\n\n"
            "While the matter is open you will not be written to about it again."
        ),
        "- [{severity}] {title}",
    ),
}

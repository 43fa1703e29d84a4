"""What is said when a channel cannot carry something."""

from collections.abc import Sequence

from aftercare.conversations import Outgoing, OutgoingFile

IN_THE_PORTAL = {
    "zh-CN": "（以下附件请在自助服务页面查看：{names}）",
    "zh-TW": "（以下附件請於自助服務頁面查看：{names}）",
    "en": "(To be seen in your account: {names})",
}
ENTRY = {
    "zh-CN": "【{shop}】您的验证码是 {code}，10 分钟内有效，请勿告诉他人。",
    "zh-TW": "【{shop}】您的驗證碼是 {code}，10 分鐘內有效，請勿告訴他人。",
    "en": "{shop}: your code is {code}. It is good for 10 minutes. Tell it to nobody.",
}


def with_files_named(outgoing: Outgoing, files: Sequence[OutgoingFile]) -> str:
    """The body, and which files it could not take along."""
    if not files:
        return outgoing.body
    words = IN_THE_PORTAL.get(outgoing.locale, IN_THE_PORTAL["en"])
    return f"{outgoing.body}\n\n{words.format(names=', '.join(file.name for file in files))}".strip()


def entry_words(locale: str, shop: str, code: str) -> str:
    return ENTRY.get(locale, ENTRY["en"]).format(shop=shop, code=code)

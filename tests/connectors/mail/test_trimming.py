"""What was newly said: the shared samples to the letter, and what people in China receive."""

from pathlib import Path
from time import process_time

import pytest

from aftercare.connectors.mail.trimming import is_opening, trim

ANSWER = "谢谢，已经收到。\n\n请问什么时候退款？"
EARLIER = "尊敬的客户，您好！\n您的退货已收到。"
QUOTE = "> 尊敬的客户，您好！\n> 您的退货已收到。"

QUOTED = {
    "QQ": f'{ANSWER}\n\n\n------------------ 原始邮件 ------------------\n发件人: "青岚客服" <service@qinglan.example>;\n'
    f'发送时间: 2024年3月1日(星期五) 上午10:00\n收件人: "李伟" <li@qq.com>;\n主题: 退货\n\n{EARLIER}',
    "QQ, newer": f'{ANSWER}\n\n\n---原始邮件---\n发件人: "青岚客服"<service@qinglan.example>\n发送时间: 2024年3月1日(周五) 上午10:00\n'
    f'收件人: "李伟"<li@qq.com>;\n主题: 退货\n\n{EARLIER}',
    "163": f'{ANSWER}\n\n\n\n\n\n\n\n在 2024-03-01 10:00:00，"青岚客服" <service@qinglan.example> 写道：\n\n{EARLIER}',
    "163, in English": f'{ANSWER}\n\n\n\nAt 2024-03-01 10:00:00, "青岚客服" <service@qinglan.example> wrote:\n\n{QUOTE}',
    "163, forwarded as": f"{ANSWER}\n\n| |\n李伟\n|\n|\nli@163.com\n|\n\n---- 回复的原邮件 ----\n| 发件人 | 青岚客服<service@qinglan.example> |\n"
    f"| 日期 | 2024年03月01日 10:00 |\n| 主题 | 退货 |\n{EARLIER}",
    "NetEase on the phone": f"{ANSWER}\n\n发自我的网易邮箱手机智能版\n\n在 2024年3月1日 10:00，青岚客服<service@qinglan.example> 写道：\n\n{EARLIER}",
    "Gmail": f"{ANSWER}\n\n青岚客服 <service@qinglan.example> 于2024年3月1日周五 10:00写道：\n\n{QUOTE}",
    "Gmail, broken line": f"{ANSWER}\n\n青岚客服 <service@qinglan.example> 于2024年3月1日周五\n10:00写道：\n\n{QUOTE}",
    "Gmail, older": f"{ANSWER}\n\n2014-03-01 10:00 GMT+08:00 青岚客服 <service@qinglan.example>:\n\n{QUOTE}",
    "Gmail in Taiwan": f"{ANSWER}\n\n青岚客服 <service@qinglan.example> 於 2024年3月1日 週五 上午10:00寫道：\n\n{QUOTE}",
    "Outlook": f"{ANSWER}\n\n发件人: 青岚客服 <service@qinglan.example>\n发送时间: 2024年3月1日 10:00\n收件人: 李伟 <li@example.com>\n主题: 退货\n\n{EARLIER}",
    "Outlook, rule": f"{ANSWER}\n\n________________________________\n发件人: 青岚客服 <service@qinglan.example>\n发送时间: 2024年3月1日 10:00\n"
    f"收件人: 李伟 <li@example.com>\n主题: 退货\n\n{EARLIER}",
    "Outlook in Taiwan": f"{ANSWER}\n\n寄件者: 青嵐客服 <service@qinglan.example>\n寄件日期: 2024年3月1日 上午 10:00\n收件者: 李偉 <li@example.com>\n主旨: 退貨\n\n{EARLIER}",
    "Foxmail": f"{ANSWER}\n\n\n\n李伟\n \n发件人： 青岚客服\n发送时间： 2024-03-01 10:00\n收件人： 李伟\n主题： 退货\n{EARLIER}",
    "iPhone": f"{ANSWER}\n\n发自我的iPhone\n\n> 在 2024年3月1日，10:00，青岚客服 <service@qinglan.example> 写道：\n> \n{QUOTE}",
    "Apple Mail": f"{ANSWER}\n\n> 2024年3月1日 上午10:00，青岚客服 <service@qinglan.example> 写道：\n> \n{QUOTE}",
    "Thunderbird": f"{ANSWER}\n\n在 2024/3/1 10:00, 青岚客服 写道:\n{QUOTE}",
    "Aliyun": f"{ANSWER}\n\n------------------------------------------------------------------\n发件人：青岚客服 <service@qinglan.example>\n"
    f"发送时间：2024年3月1日(星期五) 10:00\n收件人：李伟 <li@example.com>\n主　题：退货\n\n{EARLIER}",
    "our own line": f"{ANSWER}\n\n-------- 请在此行以上回复 --------\n{EARLIER}",
}


@pytest.mark.parametrize("name", QUOTED)
def test_what_chinese_programs_quote_is_taken_off(name: str) -> None:
    text = trim(QUOTED[name]).text
    if name.startswith("163, forwarded") or name == "Foxmail":
        # These put the sender's own card between the answer and the quote.
        assert text.startswith(ANSWER)
        assert "尊敬的客户" not in text
        return
    assert text == ANSWER


OTHER_LANGUAGES = {
    "es": "Gracias.\n\nEl vie, 1 mar 2024 a las 10:00, Tienda (<shop@example.com>) escribió:\n\n> Hola",
    "it": "Grazie.\n\nIl giorno ven 1 mar 2024 alle ore 10:00 Negozio <shop@example.com>\nha scritto:\n\n> Ciao",
    "nl": "Dank u.\n\nOp vr 1 mrt 2024 om 10:00 schreef Winkel <shop@example.com>:\n\n> Hallo",
    "sv": "Tack.\n\nDen fre 1 mars 2024 kl 10:00 skrev Butik <shop@example.com>:\n\n> Hej",
    "ja": "ありがとう。\n\n2024年3月1日(金) 10:00 ショップ <shop@example.com>:\n\n> こんにちは",
    "ko": "감사합니다.\n\n2024년 3월 1일 (금) 오전 10:00, 상점 <shop@example.com>님이 작성:\n\n> 안녕하세요",
    "ru": "Спасибо.\n\nпт, 1 мар. 2024 г. в 10:00, Магазин <shop@example.com>:\n\n> Здравствуйте",
    "tr": "Teşekkürler.\n\nMağaza <shop@example.com>, 1 Mar 2024 Cum, 10:00 tarihinde şunu yazdı:\n\n> Merhaba",
    "cs": "Děkuji.\n\npá 1. 3. 2024 v 10:00 odesílatel Obchod <shop@example.com> napsal:\n\n> Dobrý den",
    "fi": "Kiitos.\n\npe 1. maalisk. 2024 klo 10.00 Kauppa (shop@example.com) kirjoitti:\n\n> Hei",
    "fr, Outlook": "Merci.\n\nDe : Boutique <shop@example.com>\nEnvoyé : vendredi 1 mars 2024 10:00\nÀ : Li <li@example.com>\nObjet : Retour\n\nBonjour",
    "pt, Outlook": "Obrigado.\n\nDe: Loja <shop@example.com>\nEnviado: sexta-feira, 1 de março de 2024 10:00\nPara: Li\nAssunto: Devolução\n\nOlá",
    "ja, Outlook": "ありがとう。\n\n差出人: ショップ <shop@example.com>\n送信日時: 2024年3月1日 10:00\n宛先: 李\n件名: 返品\n\nこんにちは",
    "en, Original Message": "Thanks.\n\n-----Original Message-----\nFrom: Shop\nSent: Friday\nTo: Li\nSubject: Return\n\nHello",
    "en, bold": "Thanks.\n\n*From:* Shop <shop@example.com>\n*Sent:* Friday, March 1, 2024 10:00\n*To:* Li\n*Subject:* Return\n\nHello",
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_LANGUAGES)
def test_what_programs_in_other_languages_quote_is_taken_off(name: str) -> None:
    given = OTHER_LANGUAGES[name]
    assert trim(given).text == given.split("\n\n", 1)[0]


@pytest.mark.parametrize(
    "robot",
    [
        "发自我的iPhone", "来自我的华为手机", "发自我的小米手机", "发送自 Windows 10 版邮件应用", "从我的 iPhone 发送", "來自我的 iPhone 的郵件",
        "從我的 iPhone 傳送", "发自网易邮箱大师", "获取 Outlook for iOS", "来自QQ邮箱手机版", "Sent from my iPhone", "Get Outlook for Android<https://aka.ms/x>",
        "Envoyé de mon iPhone", "Von meinem iPhone gesendet", "Gesendet von Mail für Windows", "Enviado desde mi iPhone", "Inviato da iPhone", "iPhoneから送信",
    ],
)  # fmt: skip
def test_what_telephones_add_is_taken_off(robot: str) -> None:
    assert trim(f"好的\n\n{robot}").text == "好的"


@pytest.mark.parametrize(
    "said",
    [
        "我在 2024年3月1日 10:00 写信给你们，没有人回复。",
        "From what I see, it leaks:\nTo be clear: the joint drips.",
        "请退到我的手机绑定的账户",
        "It arrived on Monday at 10:30 and she wrote:\nbroken",
        "问题：漏水\n型号：L18\n时间：2024-03-01",
        "我想说：\n- 一\n- 二\n\n----\n以上",
    ],
)
def test_what_only_looks_like_a_quote_stays(said: str) -> None:
    assert trim(said).text == said


def test_an_answer_between_the_lines_stays_with_them() -> None:
    said = "见下。\n\n在 2024/3/1 10:00, 青岚客服 写道:\n> 型号是什么？\nL18\n> 什么时候买的？\n去年"
    assert trim(said).text == "见下。\n\n> 型号是什么？\nL18\n> 什么时候买的？\n去年"


def test_the_rest_is_told_apart() -> None:
    parts = trim(QUOTED["163"])
    assert parts.rest.endswith(EARLIER)
    assert is_opening('在 2024-03-01 10:00:00，"青岚客服" <service@qinglan.example> 写道：')
    assert not is_opening("他昨天写道：")


def test_the_shared_samples_are_trimmed_to_the_letter(shared_data: Path) -> None:
    folder = shared_data / "email" / "email_reply_trimmer" / "test"
    samples = sorted((folder / "emails").iterdir())
    assert len(samples) >= 30
    wrong = [
        sample.name
        for sample in samples
        if trim(sample.read_text()).text != (folder / "trimmed" / sample.name).read_text().strip("\n")
    ]
    assert wrong == []


def test_the_replies_of_common_programs_are_trimmed(shared_data: Path) -> None:
    folder = shared_data / "email" / "talon" / "tests" / "fixtures" / "standard_replies"
    if not folder.is_dir():
        pytest.skip("these samples are not there")
    from aftercare.connectors.mail.reading import read_mail

    for sample in sorted(folder.glob("*.eml")):
        wanted = sample.with_name(f"{sample.stem}_reply_text")
        expected = wanted.read_text() if wanted.exists() else "Hello"
        assert read_mail(sample.read_bytes()).text.strip() == expected.strip(), sample.name


@pytest.mark.parametrize(
    "hostile",
    ["> " * 100_000, "On " * 70_000 + "wrote:", "-" * 200_000, ("From: a\n" * 30_000), "a@" * 90_000, ("On x <a@b.c>\n" * 20_000),
     "=" * 190_000 + "x", " " * 200_000 + "wrote:", "<" * 200_000, "发自" * 100_000, ("写道：\n" * 50_000), "Sent from " * 20_000],
    ids=range(12),
)  # fmt: skip
def test_a_hostile_mail_takes_the_time_of_its_length(hostile: str) -> None:
    began = process_time()
    trim(hostile)
    assert process_time() - began < 10

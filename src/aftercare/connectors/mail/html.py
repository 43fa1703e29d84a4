"""HTML of mails becomes text, and HTML without the quoted mail. One pass over the tags, with no tree: however deep a stranger
nests them, it takes the time of its length."""

import re
from html.parser import HTMLParser

LONGEST = 2_000_000
"""Characters that are looked at."""
LONGEST_TEXT = 200_000

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_APART = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"])
_SILENT = frozenset(
    [
        "head",
        "style",
        "script",
        "title",
        "noscript",
        "template",
        "object",
        "iframe",
        "svg",
        "math",
        "textarea",
        "select",
    ]
)
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)

# Where mail programs put what is quoted. The first kind ends with its element, the second goes on to the end of the mail.
_QUOTE_CLASS = re.compile(
    r"(?:^|\s)(?:x_)?(?:gmail_quote|gmail_quote_container|gmail_extra|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|"
    r"moz-cite-prefix|ntes-mailmaster-quote|mail-quote|quoted-mail|quote_container|ms-outlook-mobile-reference-message|"
    r"freebirdFormsReply|reply-quote|WinMailQuote)(?:\s|$)",
    re.IGNORECASE,
)
_QUOTE_ID = re.compile(
    r"^(?:x_)*(?:OLK_SRC_BODY_SECTION|isReplyContent|mail-editor-reference-message-container|yahoo_quoted_\d+|"
    r"ntes-pcmac-quote|reply-quote|qm_quote)$",
    re.IGNORECASE,
)
_REST_ID = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|stopSpelling|appendonsend|replySplit|mail_quote_begin|divReply)$",
    re.IGNORECASE,
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.length = 0
        self.html: list[str] = []
        self.quoted: list[str] = []
        """Texts that were left out as quoted."""
        self._silent = 0
        self._skipped: list[str] = []
        """The open elements from the one on that is left out."""
        self._rest = False
        self._pre = 0
        self._empty = True

    # What is shown

    def _break(self, apart: bool = False) -> None:
        if self.lines[-1]:
            self.lines.append("")
        if apart and len(self.lines) > 1 and self.lines[-2:] != ["", ""]:
            self.lines.append("")

    def _write(self, words: str) -> None:
        if self.length >= LONGEST_TEXT:
            return
        self.length += len(words)
        if self._pre:
            first, *others = words.split("\n")
            self.lines[-1] += first
            self.lines += others
            return
        words = re.sub(r"[ \t\r\n\f]+", " ", words)
        if not self.lines[-1] or self.lines[-1].endswith(" "):
            words = words.lstrip(" ")
        self.lines[-1] += words

    # What the parser finds

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._rest:
            return
        if self._skipped:
            if tag not in _VOID and len(self._skipped) < 5_000:
                self._skipped.append(tag)
            if tag in _BLOCKS or tag == "br":
                self.quoted.append("\n")
            return
        if tag in _SILENT:
            self._silent += 1
            return
        if self._silent:
            return
        given = dict(attrs)
        name, kind = given.get("id") or "", given.get("class") or ""
        if _REST_ID.match(name[:80]) and not self._empty:
            self._rest = True
            return
        if not self._empty and (
            _QUOTE_CLASS.search(kind[:400])
            or _QUOTE_ID.match(name[:80])
            or (tag == "blockquote" and (given.get("type") or "").lower() == "cite")
        ):
            self._break()
            self._skipped = [tag] if tag not in _VOID else []
            return
        self.html.append(self.get_starttag_text() or "")
        if tag == "pre":
            self._pre += 1
        if tag == "br":
            self.lines.append("")
        elif tag == "hr":
            self._break()
            self.lines[-1] = "-----"
            self.lines.append("")
        elif tag in _BLOCKS:
            self._break(apart=tag in _APART)
            if tag == "li":
                self.lines[-1] = "- "
        elif tag in ("td", "th") and self.lines[-1]:
            self._write(" ")
        elif tag == "img" and (given.get("alt") or "").strip():
            alt = (given.get("alt") or "").strip()
            if len(alt) <= 8:
                self._write(alt)

    def handle_endtag(self, tag: str) -> None:
        if self._rest:
            return
        if self._skipped:
            if tag in self._skipped:
                while self._skipped and self._skipped.pop() != tag:
                    pass
            return
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
            return
        if self._silent:
            return
        self.html.append(f"</{tag}>")
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag in _BLOCKS:
            self._break(apart=tag in _APART)

    def handle_data(self, data: str) -> None:
        if self._rest or self._skipped:
            if len(self.quoted) < 5_000:
                self.quoted.append(data)
            return
        if self._silent:
            return
        if data.strip():
            self._empty = False
        self.html.append(data.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
        self._write(data)

    def text(self) -> str:
        lines = [re.sub(r"[ \t]+$", "", line.replace("\xa0", " ")) for line in self.lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def read_html(source: str) -> tuple[str, str, str]:
    """The text of a mail's HTML without what its own marks say is quoted; that HTML, not yet made harmless; and the quoted
    text. A mail that is nothing but quoted keeps it. Never fails."""
    reader = _fed(source)
    text = reader.text()
    return text, "".join(reader.html), "".join(reader.quoted)[:LONGEST_TEXT].strip()


def _fed(source: str) -> _Reader:
    reader = _Reader()
    try:
        reader.feed(source[:LONGEST])
        reader.close()
    except (AssertionError, ValueError, RecursionError):
        # The parser gives up on some broken declarations; what it has read so far stands.
        if not reader.length:
            reader.lines = [re.sub(r"<[^<>]{0,2000}>", " ", source[:LONGEST_TEXT])]
    return reader

"""HTML of mails becomes text, and HTML without the quoted mail. One pass over the tags, with no tree: however deep a stranger
nests them, it takes the time of its length. (The standard library's parser takes the square of it on some, and the cleaner the square
of the depth.)"""

import re
from html import unescape

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
    r"reply-quote|WinMailQuote)(?:\s|$)",
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


_TOKEN = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>?|</?[A-Za-z][^<>]*>|[^<]+|<", re.DOTALL)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_ATTRIBUTE = re.compile(
    r"""[\s"'](id|class|type|alt|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)
LONGEST_TAG = 4_000
DEEPEST = 100
"""Elements within each other that are kept as such."""


class _Reader:
    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.length = 0
        self.html: list[str] = []
        self.quoted: list[str] = []
        """Texts that were left out as quoted."""
        self._open: list[str] = []
        self._quote: list[str] = []
        """The open elements from the one on that is left out."""
        self._rest = False
        self._pre = 0
        self._said = False

    def feed(self, source: str) -> None:
        silent: str | None = None
        for token in _TOKEN.finditer(source):
            piece = token[0]
            tag = _TAG.match(piece) if piece.endswith(">") else None
            if tag is None:
                if silent is None and not piece.startswith(("<!", "<?")):
                    self._data(unescape(piece))
                continue
            closes, name = bool(tag[1]), tag[2].lower()
            if silent is not None:
                silent = None if closes and name == silent else silent
            elif name in _SILENT:
                silent = None if closes or piece.endswith("/>") else name
            elif closes:
                self._close(name)
            else:
                self._start(name, piece[:LONGEST_TAG])

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

    def _start(self, tag: str, piece: str) -> None:
        if self._rest:
            return
        if self._quote:
            if tag not in _VOID and len(self._quote) < DEEPEST:
                self._quote.append(tag)
            if (tag in _BLOCKS or tag == "br") and len(self.quoted) < MOST_QUOTED:
                self.quoted.append("\n")
            return
        given = {
            found[1].lower(): unescape(found[2] or found[3] or found[4] or "")
            for found in _ATTRIBUTE.finditer(piece)
        }
        if self._said and _REST_ID.match(given.get("id", "")[:80]):
            self._rest = True
            return
        if self._said and (
            _QUOTE_CLASS.search(given.get("class", "")[:400])
            or _QUOTE_ID.match(given.get("id", "")[:80])
            or (tag == "blockquote" and given.get("type", "").lower() == "cite")
        ):
            self._break()
            self._quote = [tag]
            return
        if tag in _VOID:
            if tag in ("br", "hr"):
                self.html.append(f"<{tag}>")
        elif len(self._open) < DEEPEST:
            link = given.get("href", "") if tag == "a" else ""
            self.html.append(f'<a href="{_escaped(link)}">' if link else f"<{tag}>")
            self._open.append(tag)
            self._pre += tag == "pre"
        if tag == "br":
            self.lines.append("")
        elif tag == "hr":
            self._break()
            self.lines += ["-----", ""] if not self.lines[-1] else ["", "-----", ""]
        elif tag in _BLOCKS:
            self._break(apart=tag in _APART)
            if tag == "li":
                self.lines[-1] = "- "
        elif tag in ("td", "th") and self.lines[-1]:
            self._write(" ")
        elif tag == "img" and 0 < len(given.get("alt", "").strip()) <= 8:
            self._write(given["alt"].strip())

    def _close(self, tag: str) -> None:
        if self._rest:
            return
        if self._quote:
            if tag in self._quote:
                while self._quote.pop() != tag:
                    pass
            return
        if tag in self._open:
            while True:
                ended = self._open.pop()
                self.html.append(f"</{ended}>")
                self._pre -= ended == "pre"
                if ended == tag:
                    break
        if tag in _BLOCKS:
            self._break(apart=tag in _APART)

    def _data(self, words: str) -> None:
        if self._rest or self._quote:
            if len(self.quoted) < MOST_QUOTED:
                self.quoted.append(words)
            return
        if words.strip():
            self._said = True
        if self.length < LONGEST_TEXT:
            self.html.append(_escaped(words))
        self._write(words)

    def text(self) -> str:
        lines = [re.sub(r"[ \t]+$", "", line.replace("\xa0", " ")) for line in self.lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


MOST_QUOTED = 5_000
"""Pieces of quoted text that are kept."""


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def read_html(source: str) -> tuple[str, str, str]:
    """The text of a mail's HTML without what its own marks say is quoted; that HTML, flattened and without attributes but links,
    not yet made harmless; and the quoted text. Never fails."""
    reader = _Reader()
    reader.feed(source[:LONGEST])
    return reader.text(), "".join(reader.html), "".join(reader.quoted)[:LONGEST_TEXT].strip()

"""A small safe Markdown: headings, emphasis, lists, quotes, tables, links; no HTML, no pictures from elsewhere.

Another article is linked as `[words](article:ID)`, the shop's help centre fills in the address."""

import re
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST_BODY = 60_000
ARTICLE_LINK = re.compile(r"^article:([0-9a-fA-F-]{36})(#[\w-]{1,80})?$")
_OUTSIDE_LINK = re.compile(
    r"^(https?://[^\s/]+\.[^\s]+|mailto:[^\s@]+@[^\s@]+|tel:\+?[0-9 ()-]{3,24})$", re.IGNORECASE
)

_markdown = (
    MarkdownIt("commonmark", {"html": False, "linkify": False})
    .enable(["table", "strikethrough"])
    .disable(["image"])
)
# Judged below, one by one, so that what leads nowhere is told and not just dropped.
_markdown.validateLink = lambda url: not re.match(r"\s*(javascript|vbscript|data|file):", url, re.IGNORECASE)  # type: ignore[method-assign]

_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s", "strong", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


def _links(tokens: Iterable[Token]) -> Iterable[str]:
    for token in tokens:
        if token.type == "link_open":
            yield str(token.attrs.get("href", ""))
        yield from _links(token.children or ())


def links_of(body: str) -> tuple[list[UUID], list[str]]:
    """The articles that a text leads to, and the links that lead nowhere that we know of."""
    articles: dict[UUID, None] = {}
    broken: list[str] = []
    for href in _links(_markdown.parse(body)):
        found = ARTICLE_LINK.match(href)
        if found:
            try:
                articles[UUID(found.group(1))] = None
            except ValueError:
                broken.append(href)
        elif not _OUTSIDE_LINK.match(href):
            broken.append(href)
    return list(articles), broken


@lru_cache(maxsize=2_000)
def html_of(body: str, under: str) -> str:
    """Safe to show as it is. `under` is the address of the help centre, under which articles are found by their id; empty for
    staff, who are led to the article by its id alone."""
    tokens = _markdown.parse(body)
    for token in _all(tokens):
        if token.type == "link_open":
            found = ARTICLE_LINK.match(str(token.attrs.get("href", "")))
            if found:
                token.attrs["href"] = f"{under}/{found.group(1).lower()}{found.group(2) or ''}"
        elif token.type in ("heading_open", "heading_close"):
            # The title of the article is the first heading of its page.
            token.tag = f"h{min(4, max(2, int(token.tag[1])))}"
    made = _markdown.renderer.render(tokens, _markdown.options, {})
    return nh3.clean(
        str(made),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )


def _all(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def passages(body: str) -> tuple[str, ...]:
    """The text without its marks, cut at headings and paragraphs; a list belongs to the words before it."""
    found: list[str] = []
    depth = 0
    heading = ""
    for token in _markdown.parse(body):
        if token.type in ("bullet_list_open", "ordered_list_open", "table_open", "blockquote_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close", "table_close", "blockquote_close"):
            depth -= 1
        elif token.type == "heading_open":
            heading = "?"
        elif token.type == "inline" or token.type in ("fence", "code_block"):
            words = _plain(token)
            if not words:
                continue
            if heading == "?":
                heading = words
            elif depth and found and len(found[-1]) < 600:
                found[-1] += "\n" + words
            else:
                found.append(f"{heading}\n{words}" if heading else words)
                heading = ""
    if heading and heading != "?":
        found.append(heading)
    return tuple(found)


def _plain(token: Token) -> str:
    if not token.children:
        return token.content.strip()
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children
        if child.type in ("text", "code_inline", "softbreak", "hardbreak")
    ).strip()


def plain(body: str) -> str:
    """The passages, with an empty line between them."""
    return "\n\n".join(re.sub(r"\n{2,}", "\n", passage) for passage in passages(body))

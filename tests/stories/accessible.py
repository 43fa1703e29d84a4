"""Whether everybody can use a page: axe's rules in the light and the dark theme, and nothing wider than the window."""

from collections.abc import Awaitable, Callable
from typing import Literal

from playwright.async_api import Page

from tests.faults.processes import ROOT

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
GRAVE = ("serious", "critical")
MILLISECONDS_TO_COME_IN = 1_000
LOOKS = 10
SETTLE = """
    async () => {
        // Colours glide from one theme to the other; in between they are neither.
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
        const gliding = document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity)
        await Promise.all(gliding.map(one => one.finished.catch(() => null)))
    }
"""
FIND = """
    async () => {
        const { violations } = await axe.run(document, { resultTypes: ['violations'] })
        return violations.flatMap(one => one.nodes.map(node => [one.impact, `${one.id} at ${node.target.join(' ')}`]))
    }
"""


async def barriers(page: Page) -> list[str]:
    """What stands in somebody's way on the page as it is, in either theme. Without axe (npm ci in web/) only the width."""
    found = []
    if AXE.is_file() and not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text("utf-8"))
    for theme in THEMES if AXE.is_file() else ():
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await page.evaluate(SETTLE)
        found += [f"{theme}: {what}" for what in await _lasting(page, _grave)]
    return found + await _lasting(page, _too_wide)


async def _lasting(page: Page, look: Callable[[Page], Awaitable[list[str]]]) -> list[str]:
    """A page that is still coming in is looked at again."""
    for _ in range(LOOKS - 1):
        if not await look(page):
            return []
        await page.wait_for_timeout(MILLISECONDS_TO_COME_IN)
    return await look(page)


async def _grave(page: Page) -> list[str]:
    return [what for impact, what in await page.evaluate(FIND) if impact in GRAVE]


async def _too_wide(page: Page) -> list[str]:
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return ["wider than the window"] if wide else []

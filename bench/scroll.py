"""A long queue in a real browser, from its first row to its last: by wheel, then by a held `J`, while a message comes in every
second. Counted is what somebody would feel: how long each frame stood, what held the page up, and whether it grows."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from playwright.async_api import CDPSession, Page, async_playwright

from aftercare.house import Server, open_house
from aftercare.identity import CSRF_COOKIE, SESSION_COOKIE
from bench import world
from bench.ground import Ground, owner, serving

DATABASE = "bench_scroll"
PIXELS_A_TURN = 400
TURNS_A_SECOND = 30
PRESSES_A_SECOND = 60
SECONDS_BETWEEN_MESSAGES = 1.0
SECONDS_AT_MOST = 420
LONG_TASK_MS = 50

WATCH = """() => {
  const seen = window.seen = { frames: [], tasks: [] }
  let last = performance.now()
  const frame = (now) => { seen.frames.push(now - last); last = now; if (window.seen === seen) requestAnimationFrame(frame) }
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame) })
  new PerformanceObserver((list) => list.getEntries().forEach((one) => seen.tasks.push(one.duration))).observe({ type: 'longtask' })
}"""
READ = "() => { const seen = window.seen; window.seen = null; return seen }"
ROW = "[role=listitem]"
WHERE = """() => {
  const list = document.querySelector('[role=list]')
  const rows = [...list.querySelectorAll('[role=listitem]')]
  const last = rows.at(-1)
  const on = rows.find((one) => one.dataset.cursor)
  return {
    seen: last ? +last.ariaPosInSet : 0, all: !!last && last.ariaSetSize === last.ariaPosInSet,
    cursor: on ? +on.ariaPosInSet : 0, bottom: !!on && on.ariaSetSize === on.ariaPosInSet,
  }
}"""


@dataclass
class Result:
    """Frames in milliseconds, memory after the garbage was collected, at the first row and at the last."""

    way: str
    cases: int
    rows: int
    """How far it came; fewer than there are where the machine was so slow that the time was up."""
    seconds: float
    frame_p50_ms: float
    frame_p95_ms: float
    frame_p99_ms: float
    long_tasks: int
    longest_ms: float
    requests: int
    heap_mb_first: float
    heap_mb_last: float
    nodes_first: int
    nodes_last: int


def measure(ground: Ground, cases: int) -> list[Result]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        return []
    ground.make(DATABASE)
    cookie, csrf = asyncio.run(_fill(ground, cases))
    with serving(ground, DATABASE, processes=1) as port:
        return asyncio.run(_scroll(chromium, f"http://127.0.0.1:{port}", cases, cookie, csrf))


async def _fill(ground: Ground, cases: int) -> tuple[str, str]:
    connection = await owner(ground.url(DATABASE))
    try:
        if not await connection.fetchval("SELECT count(*) FROM service_case"):
            await world.tell(connection, cases, all_open=True)
        everybody: UUID = await connection.fetchval(
            "SELECT id FROM account WHERE email = $1", f"agent{world.STAFF}@bench.test"
        )
        async with open_house(ground.settings(DATABASE), Server(ground.url(DATABASE))) as house:
            signed = await world.sign_in(connection, house, "scroll", account=everybody)
        return signed.headers["cookie"].partition("=")[2], signed.headers["x-csrf-token"]
    finally:
        await connection.close()


async def _scroll(chromium: str, address: str, cases: int, cookie: str, csrf: str) -> list[Result]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        await context.add_cookies(
            [
                {"name": SESSION_COOKIE, "value": cookie, "url": address},
                {"name": CSRF_COOKIE, "value": csrf, "url": address},
            ]
        )
        page = await context.new_page()
        await page.goto(f"{address}/desk/?view=active")
        await page.locator(ROW).first.wait_for()
        probe = await context.new_cdp_session(page)
        await probe.send("Performance.enable")

        async def customers_write() -> None:
            listed = await context.request.get(
                f"{address}/api/cases", params={"view": "active", "limit": 100}
            )
            at = 0
            items = (await listed.json())["items"]
            while True:
                case_id = items[at % len(items)]["id"]
                await context.request.post(
                    f"{address}/api/cases/{case_id}/messages",
                    headers={"x-csrf-token": csrf},
                    data={"body": f"已为您查询 {at}", "file_ids": [], "key": str(uuid4())},
                )
                at += 1
                await asyncio.sleep(SECONDS_BETWEEN_MESSAGES)

        writing = asyncio.create_task(customers_write())
        try:
            results = []
            for way, goes in (("wheel", _by_wheel), ("held J", _by_key)):
                await page.evaluate("document.querySelector('[role=list]').scrollTop = 0")
                await page.wait_for_timeout(2_000)
                results.append(await _watched(page, probe, way, cases, goes))
            return results
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await browser.close()


async def _watched(
    page: Page, probe: CDPSession, way: str, cases: int, goes: Callable[[Page], Awaitable[int]]
) -> Result:
    asked = 0

    def count(request: Any) -> None:
        nonlocal asked
        asked += "/api/cases?" in request.url

    page.on("request", count)
    heap_first, nodes_first = await _held(probe)
    await page.evaluate(WATCH)
    began = time.monotonic()
    rows = await goes(page)
    seconds = time.monotonic() - began
    seen = await page.evaluate(READ)
    page.remove_listener("request", count)
    heap_last, nodes_last = await _held(probe)
    frames = sorted(seen["frames"])
    tasks = [one for one in seen["tasks"] if one >= LONG_TASK_MS]
    return Result(
        way=way,
        cases=cases,
        rows=rows,
        seconds=round(seconds, 1),
        frame_p50_ms=round(frames[len(frames) // 2], 1),
        frame_p95_ms=round(frames[len(frames) * 95 // 100], 1),
        frame_p99_ms=round(frames[len(frames) * 99 // 100], 1),
        long_tasks=len(tasks),
        longest_ms=round(max(tasks, default=0.0), 1),
        requests=asked,
        heap_mb_first=heap_first,
        heap_mb_last=heap_last,
        nodes_first=nodes_first,
        nodes_last=nodes_last,
    )


async def _held(probe: CDPSession) -> tuple[float, int]:
    await probe.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in (await probe.send("Performance.getMetrics"))["metrics"]}
    return round(told["JSHeapUsedSize"] / 1e6, 1), int(told["Nodes"])


async def _by_wheel(page: Page) -> int:
    box = await page.locator("[role=list]").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    return await _until_the_end(
        page, lambda: page.mouse.wheel(0, PIXELS_A_TURN), TURNS_A_SECOND, lambda at: (at["seen"], at["all"])
    )


async def _by_key(page: Page) -> int:
    await page.locator(ROW).first.click()
    reached = await _until_the_end(
        page, lambda: page.keyboard.down("j"), PRESSES_A_SECOND, lambda at: (at["cursor"], at["bottom"])
    )
    await page.keyboard.up("j")
    return reached


async def _until_the_end(
    page: Page, moves: Callable[[], Awaitable[None]], a_second: int, where: Callable[[Any], tuple[int, bool]]
) -> int:
    ends = time.monotonic() + SECONDS_AT_MOST
    due, reached = time.monotonic(), 0
    while time.monotonic() < ends:
        for _ in range(a_second):
            await moves()
            due = max(due + 1 / a_second, time.monotonic() - 0.1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        reached, is_end = where(await page.evaluate(WHERE))
        if is_end:
            break
    return reached

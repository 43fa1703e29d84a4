"""The built faces on a socket beside the test, and a browser to look at them."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, async_playwright, expect

import aftercare
from aftercare.app import create_app
from aftercare.journal import House
from aftercare.kit.files import Files
from tests.conftest import Clock
from tests.given.gateway import ToldGateway, connect
from tests.web.windows import PATIENCE

BUILT = Path(aftercare.__file__).parent / "web" / "portal.html"


@pytest.fixture(autouse=True)
def patience() -> None:
    """Set before each test: the setting is one for all browser tests of the process."""
    expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(own_house: House, clock: Clock, tmp_path: Path) -> ToldGateway:
    # A browser's clock cannot be told: the story plays now.
    clock.now = datetime.now(UTC)
    own_house.ports = {Files: Files(str(tmp_path / "files"), largest=5_000_000)}
    return connect(own_house)


@pytest_asyncio.fixture(loop_scope="session")
async def address(own_house: House, gateway: ToldGateway) -> AsyncIterator[str]:
    if not BUILT.is_file():
        pytest.skip("the web front end is not built (npm run build)")
    listening = socket.create_server(("127.0.0.1", 0))
    web = uvicorn.Server(
        uvicorn.Config(create_app(own_house), lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(web.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    web.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], timeout=2 * PATIENCE
        )
        yield started
        await started.close()

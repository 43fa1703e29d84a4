"""The web application as a whole: what goes wrong, what is handed out, how it says that it is well."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from prometheus_client import Counter
from prometheus_client.values import MultiProcessValue
from pydantic import BaseModel
from sqlalchemy import text

from aftercare import app as application
from aftercare.app import create_app
from aftercare.house import connect, find_server, open_house
from aftercare.installation import install
from aftercare.journal import SYSTEM, House, begin
from aftercare.journal.http import InWork
from aftercare.journal.jobs import beat
from aftercare.kit.logs import plain_path, without_details
from aftercare.kit.pages import Faces
from aftercare.kit.server import newest_revision
from aftercare.settings import Settings


class Told(BaseModel):
    secret: int


trial = APIRouter()


@trial.post("/trial/deferred")
async def break_at_commit(work: InWork) -> dict[str, str]:
    await work.session.execute(text("INSERT INTO trial_child (parent) VALUES (1)"))
    return {"told": "all is well"}


@trial.post("/trial/told")
async def take(told: Told) -> Told:
    return told


@trial.get("/trial/wait")
async def look(work: InWork) -> dict[str, int]:
    return {"one": await work.session.scalar(text("SELECT 1")) or 0}


@pytest.fixture
def trial_app(own_house: House, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(application, "ROUTERS", [*application.ROUTERS, trial])
    return create_app(own_house)


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest_asyncio.fixture(loop_scope="session")
async def web(trial_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(trial_app) as client:
        yield client


async def test_a_commit_that_fails_is_no_success(web: httpx.AsyncClient, own_house: House) -> None:
    owner = await connect(own_house.database.url, as_app=False)
    await owner.execute(
        "CREATE TABLE trial_parent (id int PRIMARY KEY); CREATE TABLE trial_child"
        " (parent int REFERENCES trial_parent DEFERRABLE INITIALLY DEFERRED); GRANT ALL ON trial_child TO aftercare_app"
    )
    answer = await web.post("/api/trial/deferred")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert await owner.fetchval("SELECT count(*) FROM trial_child") == 0
    await owner.close()


async def test_what_was_sent_is_not_repeated_in_the_refusal(web: httpx.AsyncClient) -> None:
    answer = await web.post("/api/trial/told", json={"secret": "4111 1111 1111 1111"})
    assert answer.status_code == 422
    assert "4111" not in answer.text
    assert answer.json()["errors"] == [
        {
            "field": "secret",
            "where": "body",
            "reason": "Input should be a valid integer, unable to parse string as an integer",
        }
    ]


async def test_unknown_addresses_and_methods_are_problems(web: httpx.AsyncClient) -> None:
    unknown = await web.get("/api/nothing-here")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    method = await web.put("/api/trial/told", json={})
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    file = await web.get("/nothing.png")
    assert (file.status_code, file.json()["code"]) == (404, "not_found")


async def test_bodies_that_are_too_long_are_refused_announced_or_not(web: httpx.AsyncClient) -> None:
    long = b" " * (2 * 1024 * 1024 + 1)
    announced = await web.post("/api/trial/told", content=long)
    assert (announced.status_code, announced.json()["code"]) == (413, "too_large")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (1024 * 1024)

    unannounced = await web.post(
        "/api/trial/told", content=pieces(), headers={"content-type": "application/json"}
    )
    assert (unannounced.status_code, unannounced.json()["code"]) == (413, "too_large")
    fits = await web.post(
        "/api/trial/told",
        content=b'{"secret": 1}' + b" " * (1024 * 1024),
        headers={"content-type": "application/json"},
    )
    assert fits.json() == {"secret": 1}


async def test_ready_says_what_is_missing(web: httpx.AsyncClient, own_house: House) -> None:
    assert (await web.get("/health")).json()["status"] == "alive"
    bare = await web.get("/ready")
    assert (bare.status_code, bare.json()["checks"]["schema"]) == (503, "none: run `aftercare migrate`")
    owner = await connect(own_house.database.url, as_app=False)
    await owner.execute(
        "CREATE TABLE alembic_version (version_num text); GRANT SELECT ON alembic_version TO aftercare_app"
    )
    await owner.execute("INSERT INTO alembic_version VALUES ('0000')")
    old = await web.get("/ready")
    assert old.json()["checks"]["schema"] == f"at 0000, needs {newest_revision()}: run `aftercare migrate`"
    await owner.execute(f"UPDATE alembic_version SET version_num = '{newest_revision()}'")
    alone = await web.get("/ready")
    assert (alone.status_code, alone.json()["checks"]["worker"]) == (503, "none: run `aftercare work`")
    async with begin(own_house, SYSTEM) as work:
        await beat(work, uuid4(), host="here", leads=True)
    assert (await web.get("/ready")).json() == {"database": "ok", "schema": "ok", "worker": "ok"}
    await owner.execute("UPDATE worker_beat SET seen_at = now() - interval '21 seconds'")
    assert (await web.get("/ready")).json()["code"] == "not_ready"
    await owner.close()


async def test_metrics_count_requests_by_route(web: httpx.AsyncClient) -> None:
    await web.get("/api/trial/wait")
    told = (await web.get("/metrics")).text
    assert 'aftercare_requests_total{method="GET",route="/trial/wait",status="200"}' in told


async def test_numbers_are_told_while_a_process_is_just_beginning_to_write_its_own(
    web: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr("prometheus_client.values.ValueClass", MultiProcessValue(lambda: 7))  # type: ignore[no-untyped-call]
    Counter("trial_total", "Told in a file", registry=None).inc(3)
    (tmp_path / "counter_8.db").touch()
    told = await web.get("/metrics")
    assert (told.status_code, "trial_total 3.0" in told.text.splitlines()) == (200, True)


async def test_connections_that_were_cut_are_replaced_without_an_error(
    web: httpx.AsyncClient, own_house: House
) -> None:
    assert (await web.get("/api/trial/wait")).status_code == 200
    owner = await connect(own_house.database.url, as_app=False)
    await owner.execute(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await owner.close()
    assert (await web.get("/api/trial/wait")).json() == {"one": 1}


async def test_while_the_database_is_away_it_says_so_and_comes_back_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL killed with -9; ours is started again by the house."""
    monkeypatch.setattr("aftercare.house.SECONDS_BETWEEN_LOOKS", 1.5)
    monkeypatch.setattr(application, "ROUTERS", [*application.ROUTERS, trial])
    settings = Settings(home=tmp_path, database_url=None)
    server = await asyncio.to_thread(find_server, settings)
    assert server.own is not None
    try:
        await install(settings, server.url)
        async with open_house(settings, server) as house, client_of(create_app(house)) as client:
            assert (await client.get("/api/trial/wait")).json() == {"one": 1}
            assert server.own.pid is not None
            os.kill(server.own.pid, signal.SIGKILL)
            seen, ready = set(), set()
            for _ in range(600):
                answer = await client.get("/api/trial/wait")
                if answer.status_code == 503:
                    assert answer.headers["retry-after"] == "2"
                    assert answer.json()["code"] == "database_away"
                    # Not always 503: the database may be back between the two questions.
                    ready.add((await client.get("/ready")).status_code)
                    assert (await client.get("/health")).status_code == 200
                elif answer.status_code == 200 and 503 in seen:
                    break
                seen.add(answer.status_code)
                await asyncio.sleep(0.05)
            assert seen <= {200, 503}
            assert 503 in seen
            assert 503 in ready <= {200, 503}
            told = (await client.get("/metrics")).text
            assert 'route="/trial/wait",status="503"' in told
            assert 'route="/trial/wait",status="500"' not in told
            assert (await client.get("/api/trial/wait")).json() == {"one": 1}
    finally:
        await asyncio.to_thread(server.own.discard)


def test_operations_are_called_as_their_functions_and_problems_are_described() -> None:
    told = create_app(None).openapi()
    operations = [one for path in told["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert sorted(set(names)) == sorted(names)
    assert "HTTPValidationError" not in json.dumps(told)
    for one in operations:
        assert one["responses"]["4XX"]["content"]["application/problem+json"]["schema"] == {
            "$ref": "#/components/schemas/Problem"
        }
    assert set(told["components"]["securitySchemes"]) == {"session", "token"}


async def test_the_api_can_be_read_without_anything_from_elsewhere(web: httpx.AsyncClient) -> None:
    page = (await web.get("/api/docs")).text
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")
    described = create_app(None).openapi()["paths"]
    assert page.count("<details") == sum(len(path) for path in described.values())


@pytest.fixture
def faces(trial_app: FastAPI, tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "portal-x1.js").write_text("let a = 1;\n" * 500)
    for face in ("portal", "desk", "console"):
        (tmp_path / f"{face}.html").write_text(f"<p>{face}")
    (tmp_path / "sw.js").write_text("// worker")
    (tmp_path / "manifest.webmanifest").write_text("{}")
    trial_app.router.default = Faces(tmp_path, application.FACES, otherwise=trial_app.router.not_found)
    return tmp_path


async def test_each_face_has_its_page_below_its_address(faces: Path, web: httpx.AsyncClient) -> None:
    pages = {
        "/": "portal",
        "/orders/7": "portal",
        "/desk": "desk",
        "/desk/cases/1": "desk",
        "/console/": "console",
    }
    for address, face in pages.items():
        answer = await web.get(address)
        assert (answer.status_code, answer.text) == (200, f"<p>{face}")
        assert answer.headers["cache-control"] == "no-cache"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    again = await web.get("/", headers={"if-none-match": (await web.get("/")).headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_assets_are_kept_for_ever_and_the_service_worker_is_not(
    faces: Path, web: httpx.AsyncClient
) -> None:
    asset = await web.get("/assets/portal-x1.js", headers={"accept-encoding": "gzip"})
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-encoding"] == "gzip"
    assert int(asset.headers["content-length"]) < 200
    assert asset.text == "let a = 1;\n" * 500
    assert (await web.get("/sw.js")).headers["cache-control"] == "no-cache"
    kind = (await web.get("/manifest.webmanifest")).headers["content-type"]
    assert kind == "application/manifest+json"
    assert (await web.get("/assets/gone.js")).status_code == 404
    assert (await web.get("/assets/%2e%2e/%2e%2e/%2e%2e/etc/host.conf")).status_code == 404


async def test_without_a_web_front_end_it_says_how_to_get_one(
    trial_app: FastAPI, web: httpx.AsyncClient, tmp_path: Path
) -> None:
    trial_app.router.default = Faces(tmp_path, application.FACES, otherwise=trial_app.router.not_found)
    answer = await web.get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_logs_hold_no_secrets_and_no_rows() -> None:
    assert plain_path("/api/cases/0198c0de-5e1f-7a00-8000-0af7e5ca5e00") == (
        "/api/cases/0198c0de-5e1f-7a00-8000-0af7e5ca5e00"
    )
    assert plain_path("/track/01a20007c10778e188b32827fbb3d09c") == "/track/…"
    event = {"error": "UniqueViolation('duplicate\\nDETAIL:  Key (email)=(li@example.com) already exists.')"}
    assert "li@example.com" not in without_details(None, "error", event)["error"]

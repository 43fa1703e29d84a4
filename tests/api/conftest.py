"""One served application with a full world for all tests of this folder that run in one process."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from sqlalchemy.engine import make_url

from aftercare.identity import passwords
from tests.api.served import Served, serving
from tests.api.world import Passes, World, a_world
from tests.conftest import on_server


@pytest.fixture(scope="session")
def served(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    name = f"{template}_api"
    url = make_url(server_url)

    with serving(
        url.set(database=name).render_as_string(hide_password=False), tmp_path_factory.mktemp("home")
    ) as app:
        app.run(
            on_server(
                server_url,
                f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
                f"CREATE DATABASE {name} TEMPLATE {template}",
            )
        )
        # What guards against many attempts is tested elsewhere; here nearly everything comes from one address.
        kept, passwords._hasher = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        try:
            yield app
        finally:
            passwords._hasher = kept
            app.run(app.house.database.close())
            app.run(on_server(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def world(served: Served) -> World:
    return served.run(a_world(served.house))


@pytest.fixture(scope="session")
def passes(world: World) -> Passes:
    return Passes(world)

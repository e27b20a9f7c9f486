"""A deployment on either store for whoever asks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scars.site import Site
from tests.scars.venues import venues
from tests.servers.postgres import PostgresServer
from tests.store.world import FileStore, ServerStore


@pytest.fixture(params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, prefix: str
) -> Iterator[Callable[..., Site]]:
    """Make a deployment with two venues; takes the arguments of `Site`."""
    with venues(tmp_path) as urls:
        yield from _made(request, tmp_path, {"prefix": prefix, "venues": urls})


def _made(
    request: pytest.FixtureRequest, tmp_path: Path, given: dict[str, Any]
) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(bus_url: str, **arguments: Any) -> Site:
        folder = tmp_path / "deployment"
        made.append(Site(folder, store, **{"bus_url": bus_url, **given, **arguments}))
        return made[-1]

    if request.param == "sqlite":
        store: Any = FileStore(tmp_path / "deployment" / "var" / "xarb.db")
        yield make
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with server.database() as database, server.console(database) as console:
            store = ServerStore(server, database, console)
            yield make
            _kill(made)
    _kill(made)


def _kill(made: list[Site]) -> None:
    for each in made:
        for runtime in each.runtimes:
            runtime.thaw()
            runtime.kill()

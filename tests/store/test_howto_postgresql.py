"""What the page on PostgreSQL tells to type works, as it stands there."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.postgres import PostgresServer
from tests.store.factories import step
from xarb_runtime.service.assembly import store_url
from xarb_runtime.service.settings import load_settings
from xarb_runtime.store.batch import Batch
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.queries import Queries

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "postgresql.md"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [
        re.sub(f"^{indent}", "", body, flags=re.MULTILINE)
        for indent, found, body in BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        if found == language
    ]


class Desk:
    """A server on which an administrator has typed what the page says, under another name."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.settings, self.secrets = map(yaml.safe_load, blocks("yaml"))

    @property
    def url(self) -> str:
        """As the runtime puts it together from the two files."""
        written = self.settings["store"]["url"]
        assert written.endswith("?sslmode=verify-full")
        place = f"127.0.0.1:{self.server.port}"
        here = written.replace(
            "xarb@db.example:5432/xarb?sslmode=verify-full", f"desk@{place}/desk"
        )
        (self.folder / "settings.yaml").write_text(yaml.safe_dump({"store": {"url": here}}))
        (self.folder / ".secrets.yaml").write_text(yaml.safe_dump(self.secrets))
        (self.folder / ".secrets.yaml").chmod(0o600)
        settings = load_settings(self.folder, {})
        return store_url(self.folder, settings.store.url, settings.store.password)

    def open(self, url: str = "") -> Any:
        return Journal.open(url or self.url, owner="ann", clock_ms=lambda: 0)


@pytest.fixture
def desk(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Desk]:
    with postgres_server.console("postgres") as boss:
        try:
            for statement in blocks("sql")[0].splitlines():
                boss.run(re.sub(r"\bxarb\b", "desk", statement))
            yield Desk(postgres_server, tmp_path)
        finally:
            boss.run("DROP DATABASE IF EXISTS desk WITH (FORCE)")
            boss.run("DROP DATABASE IF EXISTS desk_copy WITH (FORCE)")
            boss.run("DROP ROLE IF EXISTS desk; DROP ROLE IF EXISTS worker")


async def test_a_runtime_starts_on_what_was_set_up(desk: Desk) -> None:
    async with desk.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        assert journal.epoch == 1


async def test_a_role_that_may_not_make_tables_can_work(desk: Desk) -> None:
    async with desk.open():
        pass
    with desk.server.console("desk") as owner:
        owner.run("CREATE ROLE worker LOGIN PASSWORD 'another one'")
        worker = desk.server.url("desk", user="worker", password="another%20one")
        with pytest.raises(StoreError, match="permission denied"):
            async with desk.open(worker):
                pass
        owner.run(blocks("sql")[1])

    async with desk.open(worker) as journal:
        await journal.commit(Batch(steps=[step()]))
        assert journal.epoch == 2
    with desk.server.console("desk") as owner:
        owner.run("DROP OWNED BY worker")


async def test_a_backup_brings_everything_back(desk: Desk) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "`pg_dump -Fc xarb > xarb.dump`" in text
    assert "`pg_restore -d xarb\nxarb.dump`" in text
    async with desk.open() as journal:
        await journal.commit(Batch(steps=[step()]))
        dump = _client(desk, "pg_dump", "-Fc", "desk")
    with desk.server.console("postgres") as boss:
        boss.run("CREATE DATABASE desk_copy OWNER desk TEMPLATE template0")

    _client(desk, "pg_restore", "--no-comments", "-d", "desk_copy", given=dump)

    copy = f"{desk.url}_copy"
    async with Queries.open(copy) as queries:
        assert [row.id for row in await queries.executions()] == ["x-1"]


def _client(desk: Desk, program: str, *arguments: str, given: bytes = b"") -> bytes:
    (folder,) = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
    environment = {
        **os.environ,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(desk.server.port),
        "PGUSER": "desk",
        "PGPASSWORD": desk.secrets["store"]["password"],
    }
    command = [str(folder / program), *arguments]
    done = subprocess.run(command, env=environment, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout

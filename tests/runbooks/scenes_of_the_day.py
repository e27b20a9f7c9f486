"""The situations of a normal day."""

import msgspec

from tests.runbooks.scenes import EXCHANGE, LIMITS, POOL, expose, run, situation
from tests.runbooks.table import Table
from xarb_runtime.domain.events import OPPORTUNITY_DETECTED


@situation()
def empty_folder(table: Table) -> None:
    """Nothing is there yet."""
    table.folder.mkdir()
    table.names["DIR"] = "."


@situation(after="empty_folder")
def laid_out(table: Table) -> None:
    """It has been edited: here another service may be on the usual port."""
    path = table.folder / "settings.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("port: 8642", "port: 0"))


@situation()
def ready(table: Table) -> None:
    """A deployment that has not been started."""
    table.lay_out({"sx": EXCHANGE, "azuro": POOL}, limits=LIMITS)


@situation()
def working(table: Table) -> None:
    """A day on which one has worked, one is under way, and one message was not understood."""
    slow = {"reports": [{"after": "60s", "status": "filled"}]}
    run(table, azuro={"orders": [POOL["default"], slow]}, limits={"ttl_leg_b": "50s"})
    table.submit("o-1")
    table.until_state("x-o-1", "completed")
    table.submit("o-2")
    table.until_state("x-o-2", "b_placing")
    table.names["ID"] = "x-o-1"


@situation()
def with_file(table: Table) -> None:
    """A running service, and a file of opportunities beside it."""
    run(table)
    table.write_opportunities("opportunities.json", "o-1")
    table.names["FILE"] = "opportunities.json"


@situation()
def paused_by_hand(table: Table) -> None:
    """A running service in which nothing is in flight."""
    run(table)


@situation()
def stop_that_waits(table: Table) -> None:
    """A running service in which an execution is on its way to leg B."""
    _slow_pool(table)
    work_in_flight(table)


def _slow_pool(table: Table) -> None:
    slow = {"reports": [{"after": "2s", "status": "filled"}]}
    run(table, azuro={"default": slow}, limits={"ttl_leg_b": "20s"})


@situation()
def stop_that_cannot_wait(table: Table) -> None:
    """A running service with an execution that only a person can end."""
    expose(table, service={"drain_deadline": "500ms"})


@situation()
def changed_chart(table: Table) -> None:
    """A running service, and a new text of the chart on disk."""
    _slow_pool(table)
    table.chart("cross_venue", "\n  version: 1\n", "\n  version: 2\n")


@situation(after="changed_chart")
def work_in_flight(table: Table) -> None:
    """An execution is on its way to leg B."""
    table.submit("o-1")
    table.until_state("x-o-1", "b_placing")


@situation()
def broken_chart(table: Table) -> None:
    """A chart with a mistake in it."""
    table.lay_out()
    table.chart("cross_venue", "target: b_quoting", "target: b_qouting")


@situation()
def changed_setting(table: Table) -> None:
    """A running service, and a changed setting on disk."""
    run(table)
    table.configure({"sx": EXCHANGE, "azuro": POOL}, limits={**LIMITS, "ttl_leg_a": "900ms"})


@situation()
def dead_letters(table: Table) -> None:
    """A running service that was sent something it cannot read."""
    run(table)
    table.write_opportunities("corrected.json", "o-1")
    (data,) = msgspec.json.decode((table.folder / "corrected.json").read_bytes())
    event = {"specversion": "1.0", "id": "o-1", "source": "engine", "type": OPPORTUNITY_DETECTED}
    event |= {"time": "2026-05-17T18:30:00Z", "data": data}
    (table.folder / "corrected.json").write_bytes(msgspec.json.encode(event))
    data["leg_a"]["odds"] = "0.98"
    (table.folder / "broken.json").write_bytes(msgspec.json.encode(event))
    typed = table.invoke(["submit", "--as-is", "broken.json"], table.folder)
    assert typed.exit_code == 0, typed.output
    table.names |= {"NUMBER": "1", "FILE": "corrected.json"}


@situation()
def readable_token(table: Table) -> None:
    """A token that others can read."""
    table.lay_out()
    table.start()
    table.kill()
    (table.folder / "var" / "control.token").chmod(0o644)


@situation(after="readable_token")
def removed_token(table: Table) -> None:
    """The token is removed."""
    (table.folder / "var" / "control.token").unlink()

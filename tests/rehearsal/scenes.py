"""The situations of the rehearsal of a bad night. Each goes on from the one before."""

from tests.runbooks.scenes import situation
from tests.runbooks.table import Table
from tests.servers.ports import free_port

OURS = "control: {port: 0}\nmetrics: {port: 0}\nservice: {heartbeat: 300ms}\n"
#: What a person has time for, and a test has not.
QUICK = {
    "    refill: 1s\n": "    refill: 1s\nlock: [50ms, 100ms]\n",
    "delay_scale: 0.05\n": "delay_scale: 0.02\n",
    "probe_after: 2s": "probe_after: 200ms",
    "final_after: 2s": "final_after: 1s\n    poll: 200ms\n    poll_slowest: 300ms\n    rate: 5000",
}


@situation()
def before_the_night(table: Table) -> None:
    """Nothing yet; the ports of the page may be taken here."""
    table.ours["8101"] = str(free_port())
    table.ours["8102"] = str(free_port())
    table.ours["mode: live\n"] = f"mode: live\n{OURS}"
    for slow, quick in QUICK.items():
        table.ours[slow] = quick


@situation(after="before_the_night")
def copies_are_made(table: Table) -> None:
    """The opportunity under other names, as `sed` makes them."""
    first = (table.folder / "first.json").read_text(encoding="utf-8")
    for name in ("second", "third", "fourth"):
        (table.folder / f"{name}.json").write_text(first.replace("first", name), encoding="utf-8")


@situation(after="copies_are_made")
def first_is_quiet(table: Table) -> None:
    """Both legs stand."""
    table.until_state("x-first", "completed")


@situation(after="first_is_quiet")
def second_was_found(table: Table) -> None:
    """Its lost order was found, and it went on."""
    table.until_state("x-second", "completed")


@situation(after="second_was_found")
def third_is_exposed(table: Table) -> None:
    """Refused by both."""
    table.until_state("x-third", "exposed")
    table.until_incident("exposed")


@situation(after="third_is_exposed")
def third_is_closed(table: Table) -> None:
    """The second attempt was taken."""
    table.until_state("x-third", "unwound")


@situation(after="third_is_closed")
def fourth_is_closed(table: Table) -> None:
    """Taken back, and closed again."""
    table.until_state("x-fourth", "unwound")


@situation(after="fourth_is_closed")
def azuro_is_away(table: Table) -> None:
    """The runtime has noticed."""
    table.until_level("degraded")


@situation(after="azuro_is_away")
def azuro_is_back(table: Table) -> None:
    """The runtime has noticed that, too."""
    table.until_level("running")
    table.until(
        lambda status: not status.in_flight and all(it.state == "healthy" for it in status.venues),
        "all healthy",
    )

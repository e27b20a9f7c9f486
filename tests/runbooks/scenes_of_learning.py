"""The situations of the tutorial and the how-to pages."""

import signal
import sys

import msgspec

from tests.football import rows
from tests.runbooks.scenes import EXCHANGE, LIMITS, POOL, situation
from tests.runbooks.table import Table
from tests.servers.ports import free_port
from xarb_runtime.ops.timeline import ExecutionView


@situation()
def nothing_yet(table: Table) -> None:
    """A checkout, and nothing else; the port of the page may be taken here."""
    table.ours["8711"] = str(free_port())
    table.ours["mode: ghost\n"] = "mode: ghost\ncontrol: {port: 0}\n"


@situation(after="nothing_yet")
def first_has_ended(table: Table) -> None:
    """The first opportunity has gone the straight way."""
    table.until_state("x-first", "completed")


@situation(after="first_has_ended")
def second_is_written(table: Table) -> None:
    """A copy of the opportunity, whose leg B is in a market without a price."""
    second = msgspec.json.decode((table.folder / "first.json").read_bytes())
    second["id"], second["leg_b"]["selection"]["market"] = "second", "points"
    table.write("second.json", msgspec.json.encode(second).decode())


@situation(after="second_is_written")
def second_has_ended(table: Table) -> None:
    """It was closed again."""
    table.until_state("x-second", "unwound")


@situation(after="second_has_ended")
def third_is_written(table: Table) -> None:
    """Another copy."""
    third = (table.folder / "first.json").read_text(encoding="utf-8")
    table.write("third.json", third.replace('"first"', '"third"'))


@situation(after="third_is_written")
def dead(table: Table) -> None:
    """The process has killed itself."""
    assert table.ended() == -signal.SIGKILL


@situation(after="dead")
def third_has_ended(table: Table) -> None:
    """Started again, it has found leg B, which was asked for once."""
    table.until_state("x-third", "completed")
    # The pool's stream may say it before the answer to the question is there.
    table.wait(lambda: not _unanswered(table, "x-third"), "an answer to each command")
    book = (table.folder / "pool.jsonl").read_bytes().splitlines()
    calls = [line for line in map(msgspec.json.decode, book) if line["what"] == "call"]
    assert len(calls) == 2, calls


def _unanswered(table: Table, execution: str) -> bool:
    view = table.client().get(f"/executions/{execution}", ExecutionView)
    return any(not each.answer for moment in view.moments for each in moment.commands)


@situation(after="third_has_ended")
def evening(table: Table) -> None:
    """All three have ended."""
    assert table.status().in_flight == 0


@situation()
def threshold_changed(table: Table) -> None:
    """A guard of the chart wants more of leg A."""
    table.lay_out()
    old = 'cond: "legs.a.fill_ratio >= limits.min_fill_ratio"'
    table.chart("cross_venue", old, f'{old[:-1]} and legs.a.filled >= 70"')


@situation()
def with_scenario(table: Table) -> None:
    """A deployment."""
    table.lay_out()


@situation()
def with_hedge(table: Table) -> None:
    """A deployment whose settings give the new strategy its turn."""
    table.lay_out(limits={"hedge_order": ["alt_line", "first", "total", "unwind"]})


@situation()
def with_venue(table: Table) -> None:
    """A deployment whose settings name the new kind of venue."""
    table.lay_out()
    table.set_venue("sx", kind="ghost_paper", odds="2.06")


@situation()
def with_new_plugin(table: Table) -> None:
    """A deployment."""
    table.lay_out()


@situation(after="with_new_plugin")
def with_a_hasty_refusal(table: Table) -> None:
    """The new plugin calls an answer refused that it does not know."""
    client = table.folder / "xarb-my-venue" / "src" / "my_venue" / "client.py"
    text = client.read_text(encoding="utf-8")
    honest = "return _order(answer)"
    hasty = f'{honest} or Refused(f"HTTP {{answer.status}}")'
    assert honest in text
    client.write_text(text.replace(honest, hasty, 1), encoding="utf-8")
    # Who types starts a process for each command; here they share the modules of one.
    for name in [name for name in sys.modules if name.startswith("xarb_plugins.my_venue")]:
        del sys.modules[name]


@situation()
def with_odds(table: Table) -> None:
    """A deployment, and a file of odds."""
    table.lay_out()
    odds = rows.table(rows.ROW, rows.ROW | {"HomeTeam": "Corby", "Max>2.5": "1.90"})
    table.write("odds.csv", odds)
    table.names["FILE"] = "odds.csv"


@situation(after="with_odds")
def with_odds_running(table: Table) -> None:
    """Its venues quote the closing prices."""
    prices = {"price_file": "prices.json"}
    table.configure({"sx": EXCHANGE | prices, "azuro": POOL | prices}, limits=LIMITS)
    table.start()

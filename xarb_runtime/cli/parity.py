"""
`xarb parity`: what a shadow thought of opportunities, beside what became of them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.options import AsJson

if TYPE_CHECKING:
    from decimal import Decimal

    from xarb_runtime.ops.parity import LegParity, Parity, Shares

#: So many opportunities are shown one by one.
SHOWN = 10

Shadow = Annotated[
    str,
    typer.Argument(
        metavar="SHADOW", show_default=False, help="A deployment's folder, or the URL of a store."
    ),
]
Live = Annotated[
    str, typer.Argument(metavar="LIVE", show_default=False, help="The same, of the other side.")
]


def parity(shadow: Shadow, live: Live, *, as_json: AsJson = False) -> None:
    """
    Compare two runs of the same opportunities: mode shadow, and live (or a simulator).

    Opportunities with the same id are compared: where they ended, what was filled at which odds,
    how long it took, what it is worth in the worst case. Differences are live minus shadow.
    """
    import asyncio

    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.ops.parity import compare
    from xarb_runtime.ops.parity_reading import read_side

    places = _store(shadow), _store(live)
    found = compare(*(asyncio.run(read_side(url)) for url in places))
    if as_json:
        write_json(found)
    else:
        _draw(found)


def _store(place: str) -> str:
    from xarb_runtime.cli.deployment import settings_of
    from xarb_runtime.service.assembly import store_url

    if "://" in place:
        return place
    settings = settings_of(Path(place))
    return store_url(Path(place), settings.store.url, settings.store.password)


def _draw(found: "Parity") -> None:
    from xarb_runtime.cli.screen import out, table, write

    here, there = (mode or "?" for mode in found.modes)
    write(f"Compared: {found.compared} opportunities, {found.alike} ended alike ({here}, {there}).")
    write(f"Only in SHADOW: {len(found.only_shadow)}. Only in LIVE: {len(found.only_live)}.")
    if any(found.unfinished):
        write("Not ended: {} in SHADOW, {} in LIVE.".format(*found.unfinished))
    if not found.compared:
        return
    write()
    matrix = table("shadow", "live", "count", title="Where they ended", right=("count",))
    for row in found.outcomes:
        matrix.add_row(row.shadow, row.live, str(row.count))
    out().print(matrix)
    write()
    _draw_shares(found)
    write()
    _draw_legs(found.legs)
    write()
    _draw_pairs(found)


def _draw_shares(found: "Parity") -> None:
    from xarb_runtime.cli.screen import out, table

    names = ("executed", "completed", "hedged", "unwound", "filled", "worst case")
    made = table("", *names, title="How they fared", right=names)
    for name, side in (("shadow", found.shadow), ("live", found.live)):
        made.add_row(name, *_shares(side))
    made.add_row("difference", "", "", "", "", "", _signed(found.worst_difference))
    out().print(made)


def _shares(side: "Shares") -> list[str]:
    shares = (side.completed, side.hedged, side.unwound)
    shown = ["" if share is None else f"{share:.1%}" for share in shares]
    return [str(side.executed), *shown, f"{side.filled:f}", f"{side.worst:.2f}"]


def _draw_legs(legs: "list[LegParity]") -> None:
    from xarb_runtime.cli.screen import out, table

    names = ("both", "only shadow", "only live", "money", "odds", "lowest", "accept", "p95")
    made = table("leg", *names, title="Filled, live minus shadow", right=names)
    for leg in legs:
        made.add_row(
            leg.slot,
            str(leg.both),
            str(leg.only_shadow),
            str(leg.only_live),
            _signed(leg.filled_difference),
            _signed(leg.odds_difference),
            _signed(leg.odds_lowest),
            _times(leg.accept_ms_shadow, leg.accept_ms_live),
            _times(leg.accept_p95_ms_shadow, leg.accept_p95_ms_live),
        )
    out().print(made)


def _draw_pairs(found: "Parity") -> None:
    from xarb_runtime.cli.screen import out, table

    differing = [
        it for it in found.pairs if it.shadow != it.live or it.worst_shadow != it.worst_live
    ]
    made = table(
        "opportunity", "shadow", "live", "worst case", "difference",
        title=f"Most different: {min(SHOWN, len(differing))} of {len(differing)}",
        right=("worst case", "difference"),
    )  # fmt: skip
    for it in differing[:SHOWN]:
        made.add_row(
            it.id,
            _ended(it.shadow, it.shadow_reason),
            _ended(it.live, it.live_reason),
            f"{it.worst_shadow:.2f} → {it.worst_live:.2f}",
            _signed(it.worst_live - it.worst_shadow),
        )
    out().print(made)


def _ended(state: str, reason: str) -> str:
    return f"{state} ({reason})" if reason else state


def _signed(amount: "Decimal | None") -> str:
    return "" if amount is None else f"{amount:+.4f}".rstrip("0").rstrip(".")


def _times(shadow: int | None, live: int | None) -> str:
    known = ("-" if it is None else f"{it}" for it in (shadow, live))
    return " → ".join(known) + " ms"

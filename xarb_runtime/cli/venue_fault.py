"""
`xarb venue-fault`: let something go wrong at a simulator that runs, and look into it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.options import AsJson

if TYPE_CHECKING:
    from xarb_runtime.ops.simulator_client import SimulatorClient, Told
    from xarb_runtime.plugins.simulator_book import Book, Offer
    from xarb_runtime.plugins.simulator_script import Waiting

#: So many orders are shown, the newest.
_SHOWN = 20


def venue_fault(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The simulator: its port, or its URL.")
    ],
    word: Annotated[
        str,
        typer.Argument(
            metavar="FAULT",
            help="What shall go wrong, e.g. lost; see the reference.",
            show_default=False,
        ),
    ] = "",
    facts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUE",
            help="With which: next=2, skip=1, during=10s, per_thousand=50, numbers=3,5; or wait=7s,"
            " looks=2, only='GET /fills*'. Left out: with the next one.",
            show_default=False,
        ),
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="A YAML file with a list under `faults`."),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="First forget what waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """
    Let something go wrong at a simulator that runs (`xarb venue-sim`).

    Without a fault: shows what can be bet on, the truth about every order, what waits to go wrong,
    and what did. The words are in docs/reference/simulators.md.
    """
    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.ops.simulator_client import SimulatorClient

    client = SimulatorClient(address)
    told = _said(client, word, facts or [], file, clear=clear)
    book = None if word or file or clear else client.book()
    if as_json:
        write_json({"faults": told, "book": book} if book else told)
        return
    if book is not None:
        write_book(book)
    _write_told(told, everything=book is not None)


def _said(
    client: "SimulatorClient", word: str, facts: list[str], file: Path | None, *, clear: bool
) -> "Told":
    from xarb_runtime.ops.simulator_client import faults_in, spelled
    from xarb_runtime.ops.yaml_file import read_keys

    faults = [spelled(word, facts)] if word else []
    if file is not None:
        faults += faults_in(read_keys(file), str(file))
    if clear:
        client.clear()
    return client.add(faults) if faults else client.told()


def write_offers(offers: "list[Offer] | tuple[Offer, ...]", most: int) -> None:
    """Write what can be bet on, so many markets at most."""
    from xarb_runtime.cli.screen import write

    for offer in offers[:most]:
        write(f"{offer.title} ({offer.state})")
        write(f'  market: "{offer.market}"')
        for each in offer.outcomes:
            price = "no price" if each.odds is None else f"{each.odds} up to {each.most}"
            write(f'    outcome: "{each.outcome}"  {each.title}  {price}')
    if len(offers) > most:
        write(f"... and {len(offers) - most} more")


def write_book(book: "Book") -> None:
    """Write everything that a simulator holds."""
    from xarb_runtime.cli.screen import out, table, write

    write_offers(book.markets, len(book.markets))
    write()
    if not book.orders:
        write("no orders")
        return
    shown = table("order", "outcome", "stake", "filled", "odds", "state")
    for it in book.orders[-_SHOWN:]:
        figures = (f"{it.stake:f}", f"{it.filled:f}", f"{it.odds:f}")
        shown.add_row(it.id, it.outcome, *figures, it.state)
    out().print(shown)


def _write_told(told: "Told", *, everything: bool) -> None:
    from xarb_runtime.cli.screen import clock, write

    if everything:
        write()
        for it in told.happened[-_SHOWN:]:
            write(f"{clock(it.at_ms)} {it.fault}: {it.to}")
    for it in told.waiting:
        write(f"waits: {it.fault}, {_scope(it)}")
    if not told.waiting:
        write("waits: nothing")


def _scope(waiting: "Waiting") -> str:
    from xarb_runtime.cli.screen import lasted

    where = "" if waiting.only == "*" else f" of {waiting.only}"
    where += f", once {waiting.skip} went well" if waiting.skip else ""
    if waiting.left_ms is not None:
        return f"{lasted(waiting.left_ms)} more{where}"
    if waiting.per_thousand is not None:
        return f"{waiting.per_thousand} of a thousand{where}"
    return f"{waiting.left} more{where}"

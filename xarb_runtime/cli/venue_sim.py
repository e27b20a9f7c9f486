"""
`xarb venue-sim`: a server that speaks a venue's protocol, on this machine.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.options import HERE, AsJson, Folder

if TYPE_CHECKING:
    from xarb_runtime.plugins.contracts import Simulated, VenueSpec

#: So many markets are shown.
_OFFERS = 12


def venue_sim(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="A kind of venue, e.g. sx_bet; the beginning of its name is enough.",
        ),
    ],
    folder: Folder = HERE,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="The simulator's own settings, YAML: see docs/reference/simulators.md.",
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="What opportunities call the venue; else its kind."
        ),
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """
    Run the simulator of a venue in this process, on loopback, until it is killed.

    Writes what can be bet on there, and what reaches it: a section for settings.yaml, and the
    environment (keys without worth). `xarb venue-fault` lets something go wrong meanwhile.
    """
    from xarb_runtime.cli.deployment import registry_of
    from xarb_runtime.ops.venue_sim import serve_simulator, simulated_kind
    from xarb_runtime.ops.yaml_file import read_keys
    from xarb_runtime.service.clock import SystemClock

    spec = simulated_kind(registry_of(folder), kind)
    serve_simulator(
        spec,
        read_keys(settings),
        port,
        SystemClock(),
        where=str(settings or ""),
        on_ready=lambda simulated: _tell(spec, name or spec.name, simulated, as_json=as_json),
    )


def _tell(spec: "VenueSpec", name: str, simulated: "Simulated", *, as_json: bool) -> None:
    import sys

    if as_json:
        _tell_json(spec, name, simulated)
    else:
        _tell_people(spec, name, simulated)
    sys.stdout.flush()


def _tell_json(spec: "VenueSpec", name: str, simulated: "Simulated") -> None:
    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.ops.venue_sim import pasted_section

    venues = {name: pasted_section(spec, simulated)}
    reached = {"url": simulated.url, "venues": venues, "environ": simulated.environ}
    write_json(reached | {"offers": simulated.offers})


def _tell_people(spec: "VenueSpec", name: str, simulated: "Simulated") -> None:
    import shlex

    from xarb_runtime.cli.screen import remark, write
    from xarb_runtime.cli.venue_fault import write_offers
    from xarb_runtime.ops.venue_sim import pasted_section, pasted_yaml

    write(f"simulator of {spec.name} at {simulated.url}", style="bold")
    if simulated.offers:
        write()
        write_offers(simulated.offers, _OFFERS)
    write()
    write("# settings.yaml, with mode: live; nothing is worth anything here")
    write(pasted_yaml(name, pasted_section(spec, simulated)).rstrip())
    if simulated.environ:
        write()
        write("# the environment of xarb run: keys without worth")
        for key, value in simulated.environ.items():
            write(f"export {key}={shlex.quote(value)}")
    if simulated.offers:
        port = simulated.url.rpartition(":")[2]
        remark(f"\nxarb venue-fault {port} lets something go wrong; alone it shows what is held.")
    remark("\nCtrl-C ends it.")

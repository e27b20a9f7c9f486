"""
`xarb plugins check`: whether a venue keeps its promises.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import BAD_INPUT, FAILED
from xarb_runtime.cli.options import HERE, Folder

if TYPE_CHECKING:
    from rich.text import Text

    from xarb_runtime.ops.conformance_subject import Subject
    from xarb_runtime.testing.report import Outcome, Report

REPORT = "conformance.json"

_COLOURS = {"passed": "green", "failed": "bold red", "skipped": "dim", "exempt": "yellow"}


def check(
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="A plugin by its name, its file, or the folder of its project.",
        ),
    ],
    folder: Folder = HERE,
    bench: Annotated[
        str,
        typer.Option(
            "--bench",
            metavar="CLASS",
            help="Of its module bench, when it is not the only one; or MODULE:CLASS.",
        ),
    ] = "",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="XV-...", help="Only cases whose number begins so; may be repeated."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Where the report goes; else conformance.json."
        ),
    ] = None,
) -> None:
    """
    Check a plugin: import it, look at what it offers, play the conformance kit on its bench.

    Writes a report, which with --only has to be named. Exit codes: 0 every case that counts has
    passed, was skipped or is exempt; 1 one has failed; 2 there is nothing that could be checked.
    """
    from xarb_runtime.cli.screen import complain, write
    from xarb_runtime.cli.state import keep_secret
    from xarb_runtime.ops.conformance import cases_named, count, play
    from xarb_runtime.ops.conformance_bench import named_bench, own_bench
    from xarb_runtime.plugins.findings import show

    subject = _subject(what, folder)
    info = subject.info
    named = f"{info.name} {info.version}".strip()
    write(f"{named} ({info.source}, {info.where}): {info.status}", style="bold")
    for finding in info.findings:
        complain(show(finding))
    if info.status != "active":
        raise typer.Exit(BAD_INPUT)
    if not subject.venues:
        write("It offers no venue: there is nothing more to check.")
        return
    chosen = cases_named(only or ())
    mounted = named_bench(subject, bench) if bench else own_bench(subject)
    keep_secret(getattr(mounted.bench, "secrets", ()))
    with _bar(count(chosen)) as told:
        found = play(subject, mounted, chosen, told)
    _draw(found)
    place = report or (None if only else Path(REPORT))
    if place is not None:
        _write(place, found)
    if any(outcome.binding for outcome in found.failed):
        raise typer.Exit(FAILED)


def _subject(what: str, folder: Path) -> "Subject":
    from xarb_runtime.cli.deployment import registry_of
    from xarb_runtime.ops.conformance_subject import find_by_name, find_by_path

    # A name is one word of Python's; a folder of such a name is meant by ./name.
    if not what.isidentifier():
        return find_by_path(Path(what))
    return find_by_name(what, registry_of(folder))


@contextmanager
def _bar(count: int) -> "Iterator[Callable[[Outcome], None]]":
    """Shows on a terminal how far it is, and which cases have failed."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from xarb_runtime.cli.screen import out

    columns = (TextColumn("[bold]{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=out(), transient=True) as bar:
        task = bar.add_task("", total=count)

        def told(outcome: "Outcome") -> None:
            bar.update(task, advance=1, description=outcome.id)

        yield told


# -- How it went ---------------------------------------------------------------------------------


def _draw(found: "Report") -> None:
    from xarb_runtime.cli.screen import out, table, write

    made = table("case", "level", "result", "what must be so")
    for outcome in found.outcomes:
        made.add_row(outcome.id, outcome.level.value, _result(outcome), _told(outcome))
    out().print(made)
    write()
    for level, numbers in _missing(found):
        write(f"{level} needs {', '.join(numbers)}", style="red")
    style = "bold red" if any(outcome.binding for outcome in found.failed) else "bold green"
    write(found.summary(), style=style)


def _result(outcome: "Outcome") -> "Text":
    from rich.text import Text

    shown = outcome.verdict.value
    if shown == "failed" and not outcome.binding:
        return Text("failed, informative", style="yellow")
    return Text(shown, style=_COLOURS[shown])


def _told(outcome: "Outcome") -> "Text":
    from rich.text import Text

    from xarb_runtime.cli.state import hidden

    told = Text(outcome.title)
    if outcome.expected or outcome.found:
        told.append(hidden(f"\nexpected {outcome.expected}\nfound {outcome.found}"), style="red")
    elif outcome.reason:
        told.append(hidden(f"\n{outcome.reason}"), style="dim")
    return told


def _missing(found: "Report") -> "Iterator[tuple[str, list[str]]]":
    """Yield each level that has a failed case that counts."""
    from xarb_runtime.testing.case import Level

    for level in Level:
        numbers = [it.id for it in found.failed if it.binding and it.level is level]
        if numbers:
            yield level.value, numbers


def _write(place: Path, found: "Report") -> None:
    from xarb_runtime.cli.screen import write
    from xarb_runtime.cli.state import hidden

    place.write_text(hidden(found.to_json()), encoding="utf-8")
    write(f"wrote {place}")

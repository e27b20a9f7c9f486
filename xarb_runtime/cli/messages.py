"""
`xarb submit` and `xarb dead-letters`.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import FAILED
from xarb_runtime.cli.levels import client_of
from xarb_runtime.cli.options import HERE, AsJson, Folder, Limit, Reason

if TYPE_CHECKING:
    from xarb_runtime.ops.bodies import DeadLetterView, SubmitAnswer

letters = typer.Typer(
    no_args_is_help=False,
    invoke_without_command=True,
    help="Messages that could not be read: list them, look at one, put one onto the bus again.",
)


def submit(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="`-` reads standard input.")],
    folder: Folder = HERE,
    *,
    as_is: Annotated[
        bool,
        typer.Option(
            "--as-is", help="Send it unchecked; what cannot be read becomes a dead letter."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """
    Submit opportunities to the running service.

    CloudEvents as one JSON object, a JSON array or one a line; bare opportunities are wrapped. All
    are checked before the first is sent. It returns when they are in the journal.
    """
    from xarb_runtime.cli.screen import write_json
    from xarb_runtime.ops.messages import split_messages
    from xarb_runtime.ops.problems import Problem, ProblemError

    client = client_of(folder)
    raw = _read(file)
    bodies = split_messages(raw)
    if not bodies:
        expected = "CloudEvents or opportunities, as JSON"
        raise ProblemError(Problem(what="nothing to submit", where=file, expected=expected))
    found = client.submit(raw if as_is else b"\n".join(_checked(file, bodies)))
    if as_json:
        write_json(found)
    else:
        _tell(found)
    if found.unsure:
        raise typer.Exit(FAILED)


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _checked(file: str, bodies: list[bytes]) -> list[bytes]:
    """All messages as CloudEvents on one line each, or every problem at once."""
    from xarb_runtime.cli.screen import complain
    from xarb_runtime.ops.wrapping import wrapped

    made = [wrapped(body) for body in bodies]
    wrong = [(number, each) for number, each in enumerate(made, 1) if isinstance(each, str)]
    for number, reason in wrong:
        complain(f"{file}: message {number}: {reason}")
    if wrong:
        complain(f"Nothing was sent: {len(wrong)} of {len(made)} messages do not fit.")
        raise typer.Exit(2)
    return [each for each in made if isinstance(each, bytes)]


def _tell(found: "SubmitAnswer") -> None:
    from xarb_runtime.cli.screen import complain, write

    for name in found.accepted:
        write(f"accepted {name}" if name else "taken, but it is no event: xarb dead-letters")
    if found.problem is not None:
        complain(f"{found.problem} Unsure: {', '.join(found.unsure)}.")


# -- Dead letters --------------------------------------------------------------------------------


@letters.callback()
def list_letters(
    ctx: typer.Context,
    folder: Folder = HERE,
    limit: Limit = 50,
    *,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Replayed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List messages that could not be read, the newest first."""
    if ctx.invoked_subcommand is None:
        _list(folder, limit, everything=everything, as_json=as_json)


@letters.command("list")
def list_again(
    folder: Folder = HERE,
    limit: Limit = 50,
    *,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Replayed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List messages that could not be read, the newest first."""
    _list(folder, limit, everything=everything, as_json=as_json)


def _list(folder: Path, limit: int, *, everything: bool, as_json: bool) -> None:
    from xarb_runtime.cli.reading import reading
    from xarb_runtime.cli.screen import clock, out, table, write, write_json

    found = reading(folder).dead_letters(limit, everything=everything)
    if as_json:
        write_json(found)
        return
    if not found:
        write("There are no dead letters.")
        return
    made = table(
        "number", "received", "from", "bytes", "reason", "replayed", right=("number", "bytes")
    )
    for letter in found:
        head = (str(letter.number), clock(letter.received_ms), letter.source, str(letter.size))
        made.add_row(*head, letter.reason, clock(letter.replayed_ms))
    out().print(made)


@letters.command("show")
def show_letter(
    number: Annotated[int, typer.Argument(metavar="N", min=1)],
    folder: Folder = HERE,
    *,
    as_json: AsJson = False,
) -> None:
    """Show one message as it came in, and why it could not be read."""
    from xarb_runtime.cli.reading import reading
    from xarb_runtime.cli.screen import write_json

    found = reading(folder).dead_letter(number)
    if as_json:
        write_json(found)
    else:
        _draw_letter(found)


def _draw_letter(letter: "DeadLetterView") -> None:
    from xarb_runtime.cli.screen import clock, write

    replayed = f", replayed {clock(letter.replayed_ms)}" if letter.replayed_ms else ""
    write(
        f"Dead letter {letter.number} from {letter.source}, {clock(letter.received_ms)}{replayed}"
    )
    write(letter.reason, style="red")
    write()
    write(letter.text)


@letters.command("replay")
def replay_letter(
    number: Annotated[int, typer.Argument(metavar="N", min=1)],
    folder: Folder = HERE,
    reason: Reason = "",
    corrected: Annotated[
        str, typer.Option("--file", metavar="FILE|-", help="A corrected text to send in its place.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Put one message onto the bus again, as it came in or corrected."""
    from xarb_runtime.cli.deployment import operator
    from xarb_runtime.cli.screen import write, write_json
    from xarb_runtime.ops.bodies import ReplayAnswer, ReplayOrder

    body = _read(corrected).decode() if corrected else None
    order = ReplayOrder(operator=operator(), reason=reason, body=body)
    found = client_of(folder).post(f"/dead-letters/{number}/replay", ReplayAnswer, order)
    if as_json:
        write_json(found)
    else:
        write(f"Dead letter {found.number} was put onto the bus again. {found.note}")

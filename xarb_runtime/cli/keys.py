"""
`xarb keys`: private keys in encrypted files. No key and no password is ever an argument or shown.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    help="Private keys in encrypted files, for venues that sign. The password comes from "
    "XARB_KEYSTORE_PASSWORD, or is asked for.",
)

PASSWORD = "XARB_KEYSTORE_PASSWORD"  # noqa: S105 -- the name of a variable

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", show_default=False, help="The keystore, e.g. var/sx.json."),
]
Variable = Annotated[
    str,
    typer.Option(
        "--env",
        metavar="NAME",
        help="The variable of the environment that holds the key; without it the key is asked for.",
    ),
]


@app.command("new")
def new(file: File) -> None:
    """Make a new key, write it into a new file, and show its address."""
    from xarb_runtime.ops.keystore import make_key, refuse_existing

    refuse_existing(file)
    _write(file, make_key())


@app.command("import")
def import_key(file: File, variable: Variable = "") -> None:
    """
    Write a key that you have into a new file, and show its address.

    The key comes from a variable of the environment or is typed unseen; never from the command
    line, which others can read and the shell remembers.
    """
    from xarb_runtime.cli.state import keep_secret
    from xarb_runtime.ops.keystore import key_from, refuse_existing

    refuse_existing(file)
    text = _variable(variable) if variable else typer.prompt("Private key", hide_input=True)
    keep_secret([text])
    _write(file, key_from(text, f"variable {variable}" if variable else "what was typed"))


@app.command("show")
def show(file: File) -> None:
    """Show the address of a keystore, and nothing else of it."""
    from xarb_runtime.cli.screen import remark, write
    from xarb_runtime.ops.keystore import address_of, is_open_to_others

    write(address_of(file))
    if is_open_to_others(file):
        remark(f"Others can read this file. Type: chmod 600 {file}")


def _variable(name: str) -> str:
    from xarb_runtime.ops.problems import Problem, ProblemError

    if not os.environ.get(name):
        problem = Problem(
            what="there is no key in the environment",
            where="--env",
            expected=f"the variable {name}",
            found="none",
        )
        raise ProblemError(problem)
    return os.environ[name]


def _write(file: Path, key: bytes) -> None:
    from xarb_runtime.cli.screen import remark, write
    from xarb_runtime.cli.state import keep_secret
    from xarb_runtime.ops.keystore import write_keystore

    password = os.environ.get(PASSWORD) or typer.prompt(
        "Password of the keystore", hide_input=True, confirmation_prompt=True
    )
    keep_secret([key.hex(), password])
    write(write_keystore(file, key, password))
    remark(f"Written to {file}. Keep a copy of it, and its password elsewhere: both are needed.")

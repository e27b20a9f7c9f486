"""
The token of an installation: who can read its file may control the runtime.
"""

import os
import re
import secrets
import stat
from pathlib import Path

from xarb_runtime.ops.problems import Problem, ProblemError

_TOKEN = re.compile(r"[0-9a-f]{64}")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def ensure_token(path: Path) -> str:
    """
    Return the token, made now if the file does not exist.

    Raises:
        ProblemError: the file can be read by others, holds something else, or cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive, so that of two first starts only one makes the token.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_token(path)
    except OSError as error:
        raise ProblemError(_unusable(path, error)) from error
    token = secrets.token_hex(32)
    with os.fdopen(file, "w", encoding="ascii") as stream:
        stream.write(f"{token}\n")
    return token


def read_token(path: Path) -> str:
    """
    Return the token of a file that only its owner can read.

    Raises:
        ProblemError: there is none, others can read it, or it holds something else.
    """
    problems = token_problems(path)
    if problems:
        raise ProblemError(problems[0])
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ProblemError(_unusable(path, error)) from error


def token_problems(path: Path) -> list[Problem]:
    """Return what is wrong with a token file that exists; a missing one is one problem."""
    try:
        found = path.stat()
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        return [_unusable(path, error)]
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        return [
            Problem(
                what="the control token can be read or written by others",
                where=str(path),
                expected="mode 0600",
                found=f"mode {mode:04o}",
                do=f"Others may know it: remove the file, the next `xarb run` makes a new token. "
                f"To keep it: chmod 600 {path}",
            )
        ]
    if not _TOKEN.fullmatch(text.strip()):
        return [
            Problem(
                what="the token file does not hold a token",
                where=str(path),
                expected="64 hexadecimal digits",
                found=f"{len(text.strip())} other characters",
                do="Remove the file; the next `xarb run` makes a new one",
            )
        ]
    return []


def _unusable(path: Path, error: OSError) -> Problem:
    return Problem(
        what="the token file cannot be used",
        where=str(path),
        expected="a file of our own, mode 0600",
        found=error.strerror or str(error),
        do="Start `xarb run` once in this deployment, as the same user; it makes the file",
    )

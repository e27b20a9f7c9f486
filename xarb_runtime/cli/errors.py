"""
How a command ends when something is wrong: exit codes, and the error's own words.

    0  done
    1  it could not be done now: no runtime is running, the runtime refused or failed, a scenario
       did not hold
    2  bad input: settings, chart, plugin, file, option; nothing was started
    3  `xarb run` has stopped, and something is still open on one side
    141  whoever read what it wrote has gone before it came to its end
"""

import sys
import traceback
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup

from xarb_runtime.cli.state import hidden, is_debugging
from xarb_runtime.cli.unread import let_go, read_or_not

FAILED = 1
BAD_INPUT = 2
STILL_OPEN = 3
INTERRUPTED = 130
#: 128 + SIGPIPE (13), as shells tell it of `git log | head -1`.
CLOSED_PIPE = 141

#: Statuses of the control API that mean: what was asked for does not fit.
_INPUT_STATUSES = frozenset({400, 401, 404, 405})


class Commands(TyperGroup):
    """A group of commands that ends with an exit code and a text, never with a traceback."""

    def main(self, *args: Any, **more: Any) -> Any:
        """Run a command line."""
        try:
            return super().main(*args, **more)
        except SystemExit as error:
            # Help is written by the library, which ends with 1 where nobody reads it. A code that
            # says what went wrong stays: it is for whoever started it, not for the reader.
            cut_short = isinstance(error.__context__, BrokenPipeError)
            if (let_go() and not error.code) or cut_short:
                raise SystemExit(CLOSED_PIPE) from None
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if _is_usage(error):
                raise
            if all(isinstance(each, BrokenPipeError) for each in _leaves(error)) and let_go():
                raise typer.Exit(CLOSED_PIPE) from None
            if is_debugging():
                sys.stderr.write(hidden(traceback.format_exc()))
            raise typer.Exit(report(error)) from None


def _is_usage(error: Exception) -> bool:
    """The library shows its own errors itself, and its own ways to end are no errors."""
    return type(error).__module__.startswith(("typer.", "click."))


def report(error: BaseException) -> int:
    """Write what is wrong to standard error and return the exit code."""
    from xarb_runtime.cli.screen import complain

    codes: list[int] = []
    for single in _leaves(error):
        code, text = _meaning(single)
        with read_or_not():
            complain(text)
        codes.append(code)
    return max(codes, default=FAILED)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _meaning(error: BaseException) -> tuple[int, str]:
    from xarb_runtime.bundle import BundleError
    from xarb_runtime.ops.problems import ProblemError
    from xarb_runtime.plugins.findings import PluginError
    from xarb_runtime.plugins.keys import KeyProblemError
    from xarb_runtime.service.settings_finding import SettingsError
    from xarb_runtime.simulation.scenario_file import ScenarioError
    from xarb_runtime.statechart.findings import ChartError
    from xarb_runtime.store.errors import LeaseHeld, StoreError, WrongMode

    if isinstance(error, ProblemError):
        return (BAD_INPUT if error.status in _INPUT_STATUSES else FAILED), str(error)
    wrong = (
        SettingsError,
        ChartError,
        PluginError,
        BundleError,
        LeaseHeld,
        WrongMode,
        KeyProblemError,
        ScenarioError,
    )
    if isinstance(error, wrong):
        return BAD_INPUT, str(error)
    if isinstance(error, StoreError):
        return FAILED, str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return BAD_INPUT, f"{error.filename}: {error.strerror}."
    named = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return FAILED, f"xarb failed: {named}. `xarb --debug ...` shows where."

"""
Run all benchmarks in one go and write `results.json` and a table.

Machines are noisy: only ratios of figures measured in the same run say something.

Usage: python -m benchmarks [--quick] [--no-dbos]
"""

import argparse
import json
import logging
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import structlog
from rich.console import Console
from rich.table import Table

from benchmarks import flow, raw_sqlite, recovery, step
from benchmarks.timing import summary

HERE = Path(__file__).parent
DBOS_VENV = HERE.parent / ".venv-dbos"
DBOS_VERSION = "3.4.0"
AT_ONCE = 20


class Line(msgspec.Struct, frozen=True):
    """One row of the table: what, its figure, the figure it is compared with, and the budget."""

    what: str
    figure: str
    against: str
    ratio: float
    budget: str
    ok: bool


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--no-dbos", action="store_true", help="leave out the peer")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    results = measure(flows=100 if options.quick else 400, dbos=not options.no_dbos)
    lines = compare(results)
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(_markdown(lines), encoding="utf-8")
    _print(lines)


def measure(*, flows: int, dbos: bool) -> dict[str, Any]:
    """Run everything, each part in a fresh folder, and return the raw figures."""
    results: dict[str, Any] = {
        "machine": {"python": platform.python_version(), "system": platform.system()},
        "step": step.measure(),
    }
    peer = _dbos(flows // 2) if dbos else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("raw", "single", "at_once", "mission", "recovery"):
            (folder / part).mkdir()
        results["raw_sqlite"] = _plain(
            raw_sqlite.measure(folder / "raw", flows=flows, commits=flow.COMMITS)
        )
        for part, chart, at_once in (
            ("single", "three_steps", 1),
            ("at_once", "three_steps", AT_ONCE),
            ("mission", "cross_venue", AT_ONCE),
        ):
            count = flows if at_once == 1 else flows * 4
            found = flow.measure(folder / part, flow=chart, flows=count, at_once=at_once)
            results[f"flow_{part}"] = _plain(found)
        results["recovery"] = _plain(recovery.measure(folder / "recovery", executions=flows * 25))
    results["dbos"] = peer
    return results


def _plain(value: object) -> dict[str, Any]:
    return msgspec.to_builtins(value)


def _dbos(flows: int) -> dict[str, Any]:
    """Run the same flow on DBOS in a venv of its own, made at the first use."""
    python = DBOS_VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(DBOS_VENV)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", f"dbos=={DBOS_VERSION}"]
        subprocess.run(install, check=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(HERE / "dbos_flow.py"), folder, str(flows), str(AT_ONCE)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    raw = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        "version": DBOS_VERSION,
        "single": _plain(summary(raw["single"])),
        "at_once_per_second": round(raw["flows"] / raw["at_once_seconds"], 1),
    }


def compare(results: dict[str, Any]) -> list[Line]:
    """Return the table: each figure beside what it is measured against."""
    single, at_once = results["flow_single"], results["flow_at_once"]
    floor, recovered = results["raw_sqlite"], results["recovery"]
    lines = [
        _line(
            "one step against one plain send",
            f"{results['step']['step_us']:.0f} us",
            f"{results['step']['send_us']:.0f} us",
            results["step"]["step_us"] / results["step"]["send_us"],
            1.0,
        ),
        _line(
            "three-step flow, one at a time, against raw commits (p50)",
            f"{single['p50_us'] / 1000:.2f} ms",
            f"{floor['p50_us'] / 1000:.2f} ms",
            single["p50_us"] / floor["p50_us"],
            3.0,
        ),
        _line(
            f"recovery of {recovered['executions']} executions in flight against the budget",
            f"{recovered['seconds']:.2f} s",
            "5 s for 10,000",
            recovered["seconds"] / (5.0 * recovered["executions"] / 10_000),
            1.0,
        ),
        _line(
            "memory of an execution in flight against the budget",
            f"{recovered['bytes_each']} bytes",
            "10 KB",
            recovered["bytes_each"] / 10_240,
            1.0,
        ),
    ]
    if results["dbos"]:
        lines.append(_against_dbos(single, results["dbos"]))
        lines.append(_throughput(at_once, results["dbos"]))
    return lines


def _line(what: str, figure: str, against: str, ratio: float, most: float) -> Line:
    return Line(what, figure, against, round(ratio, 2), f"<= {most:g}", ratio <= most)


def _against_dbos(single: dict[str, Any], peer: dict[str, Any]) -> Line:
    ratio = single["p50_us"] / peer["single"]["p50_us"]
    figure, against = single["p50_us"] / 1000, peer["single"]["p50_us"] / 1000
    what = "three-step flow, one at a time, against DBOS (p50)"
    return _line(what, f"{figure:.2f} ms", f"{against:.2f} ms", ratio, 1.0)


def _throughput(at_once: dict[str, Any], peer: dict[str, Any]) -> Line:
    ours, theirs = at_once["per_second"], peer["at_once_per_second"]
    ratio = round(ours / theirs, 2)
    what = f"three-step flows a second, {AT_ONCE} at once, against DBOS"
    return Line(what, f"{ours:.0f}/s", f"{theirs:.0f}/s", ratio, ">= 5", ratio >= 5)


def _markdown(lines: list[Line]) -> str:
    rows = [
        f"| {line.what} | {line.figure} | {line.against} | {line.ratio} | {line.budget} |"
        for line in lines
    ]
    head = ["| what | xarb | against | ratio | budget |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(["Made by `make bench`; ratios of one run.", "", *head, *rows]) + "\n"


def _print(lines: list[Line]) -> None:
    table = Table(title="Benchmarks: ratios of one run")
    for column in ("what", "xarb", "against", "ratio", "budget"):
        table.add_column(column)
    for line in lines:
        style = "green" if line.ok else "red"
        ratio = f"[{style}]{line.ratio}[/]"
        table.add_row(line.what, line.figure, line.against, ratio, line.budget)
    Console().print(table)


if __name__ == "__main__":
    main()

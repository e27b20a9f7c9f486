"""
The reports of the venues that ship with xarb, in `evidence/conformance`.

`python -m tests.docs.reports` plays the kit and writes them anew, then the pages that show them.
"""

import sys
from collections.abc import Iterator

import msgspec

from tests.house.source import ROOT
from xarb_runtime.bundle import bundled
from xarb_runtime.ops.conformance import play
from xarb_runtime.ops.conformance_bench import Mounted, own_benches
from xarb_runtime.ops.conformance_subject import Subject, find_by_name
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.testing.report import Report

REPORTS = ROOT / "evidence" / "conformance"


def benches() -> dict[str, tuple[Subject, Mounted]]:
    """Return the benches of the venues that ship; a variant has the name of its class besides."""
    registry = discover(builtin=bundled("plugins"), entry_points=False)
    found: dict[str, tuple[Subject, Mounted]] = {}
    for path in sorted(bundled("plugins").glob("*/bench.py")):
        subject = find_by_name(path.parent.name, registry)
        for number, mounted in enumerate(own_benches(subject)):
            variant = f"-{mounted.bench.__name__}" if number else ""
            found[f"{subject.info.name}{variant}"] = (subject, mounted)
    return dict(sorted(found.items()))


def committed() -> Iterator[tuple[str, Report]]:
    """Yield the reports by the names of their files."""
    for path in sorted(REPORTS.glob("*.json"), key=lambda it: it.stem):
        yield path.stem, msgspec.json.decode(path.read_bytes(), type=Report)


def main() -> None:
    """Write all reports."""
    REPORTS.mkdir(exist_ok=True)
    found = benches()
    for path in REPORTS.glob("*.json"):
        if path.stem not in found:
            path.unlink()
    for name, (subject, mounted) in found.items():
        report = play(subject, mounted, only=None, told=lambda _: None)
        (REPORTS / f"{name}.json").write_text(report.to_json(), encoding="utf-8")
        sys.stdout.write(f"{name}: {report.summary()}\n")


if __name__ == "__main__":
    main()
    from tests.docs import generated

    generated.main()

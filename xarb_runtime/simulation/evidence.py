"""
The evidence of a campaign: a log, a report as tables, a report for the eye.
"""

from pathlib import Path

from xarb_runtime.simulation.campaign import Report
from xarb_runtime.simulation.evidence_html import page
from xarb_runtime.simulation.evidence_log import run_log
from xarb_runtime.simulation.evidence_markdown import markdown

LOG = "orchestrator_run.log"
MARKDOWN = "ghost_report.md"
PAGE = "ghost_report.html"


def evidence(report: Report) -> dict[str, bytes]:
    """Return the files by name; the same report gives the same bytes."""
    lines = (line for played in report.played for line in played.recording.lines)
    return {
        LOG: run_log(lines),
        MARKDOWN: markdown(report).encode(),
        PAGE: page(report).encode(),
    }


def write_evidence(report: Report, folder: Path) -> list[Path]:
    """
    Write the evidence into a folder, and return the files.

    A file is there completely or as it was before.

    Raises:
        OSError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in evidence(report).items():
        path = folder / name
        fresh = path.with_name(f".{name}.new")
        fresh.write_bytes(content)
        fresh.replace(path)
        written.append(path)
    return written

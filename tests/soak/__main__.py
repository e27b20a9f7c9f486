"""
The long soak: `make soak N=20000 SEED=1`. Writes evidence/soak.md when every law holds.

What it leaves behind to look at when one does not is in a temporary folder, which it names.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.soak.campaign import Settings, soak
from tests.soak.deployment import ROOT
from tests.soak.report import report, write_report
from tests.soak.verdicts import verdict


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run it; the exit code says whether every law holds."""
    settings = Settings(
        count=int(os.environ.get("SOAK_COUNT", "20000")),
        seed=int(os.environ.get("SOAK_SEED", "1")),
        pace=float(os.environ.get("SOAK_PACE", "20")),
    )
    folder = Path(tempfile.mkdtemp(prefix="xarb-soak-"))
    _tell(f"{settings.count} opportunities, seed {settings.seed}, in {folder}")
    evidence, figures = asyncio.run(soak(folder, settings, _tell))
    problems = verdict(evidence)
    page = report(settings, evidence, figures, problems)
    _tell(page)
    if problems:
        write_report(folder, page)
        return 1
    _tell(f"written: {write_report(ROOT / 'evidence', page).name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

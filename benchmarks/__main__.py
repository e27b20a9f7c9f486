"""
Run the benchmarks in one go and write `results.json` and a table.

Machines are noisy: only ratios of figures measured in the same run say something. With `--only`
some parts are run and shown, and nothing is written.

Usage: python -m benchmarks [--quick] [--only PART ...]
"""

import argparse
import json
import logging
from pathlib import Path

import structlog

from benchmarks.parts import PARTS, measure
from benchmarks.table import markdown, show

HERE = Path(__file__).parent
FLOWS, QUICK = 400, 40


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="these parts only")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    results = measure(options.only or list(PARTS), QUICK if options.quick else FLOWS)
    if options.only:
        print(json.dumps(results, indent=2))
    else:
        (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        (HERE / "results.md").write_text(markdown(results), encoding="utf-8")
    show(results)


if __name__ == "__main__":
    main()

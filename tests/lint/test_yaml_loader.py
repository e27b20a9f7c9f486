"""YAML is read the same where PyYAML was built without libyaml."""

import subprocess
import sys
from pathlib import Path

import msgspec

from xarb_runtime.statechart.document import parse

ROOT = Path(__file__).parents[2]
WITHOUT = """\
import sys
sys.modules["yaml.cyaml"] = None
import msgspec
from pathlib import Path
from xarb_runtime.statechart import yaml_loader
from xarb_runtime.statechart.document import parse
assert yaml_loader._Parser is yaml_loader._PlainParser
for name in sys.argv[1:]:
    print(msgspec.json.encode(parse(Path(name).read_text(encoding="utf-8"), name)).decode())
"""


def test_without_libyaml_charts_are_the_same_and_stand_in_the_same_places() -> None:
    charts = sorted(map(str, (ROOT / "statecharts").glob("*.yaml")))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *charts],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=60, check=True,
    )  # fmt: skip

    here = [parse(Path(name).read_text(encoding="utf-8"), name) for name in charts]
    assert len(here) == 3
    assert done.stdout.splitlines() == [msgspec.json.encode(it).decode() for it in here]

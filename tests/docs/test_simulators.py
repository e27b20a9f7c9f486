"""The examples of the reference of simulators are settings of all of them."""

import re

import pytest
import yaml

from tests.docs.simulators import simulators
from tests.house.source import ROOT
from xarb_runtime.plugins.settings import read_section
from xarb_runtime.plugins.simulator_faults import FAULTS

PAGE = ROOT / "docs" / "reference" / "simulators.md"


@pytest.mark.parametrize("kind", simulators())
def test_every_simulator_takes_the_examples(kind: str) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)

    assert len(blocks) == 2
    for block in blocks:
        read_section(simulators()[kind], yaml.load(block, Loader=yaml.BaseLoader))


def test_every_fault_that_is_typed_there_is_one() -> None:
    typed = re.findall(r"^xarb venue-fault \d+ (\w+)", PAGE.read_text("utf-8"), re.MULTILINE)

    assert typed
    assert set(typed) <= set(FAULTS)


def test_every_word_is_understood_somewhere() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| \w+ \| .* \| (.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )

    assert {word for word, *known in rows if "yes" in " ".join(known)} == set(FAULTS)

"""The hand-written tables of the reference name exactly what there is."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.house.source import ROOT
from xarb_runtime.bus.cloudevents import CloudEvent, decode
from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.cli import errors
from xarb_runtime.domain.cross_venue import SLOTS
from xarb_runtime.domain.steps import Exposure
from xarb_runtime.plugins.checks import HOOKS
from xarb_runtime.plugins.contracts import Capabilities, Venue, VenueOpening
from xarb_runtime.plugins.http_protocol import HttpProtocol, HttpSettings
from xarb_runtime.service.charts import BUILTIN_CONTEXTS
from xarb_runtime.statechart.lint.effects import COMMANDS
from xarb_runtime.statechart.meta import ChartMeta

REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(text: str) -> Iterator[str]:
    """The names in the first column of every table."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", sorted(BUILTIN_CONTEXTS))
def test_every_signal_of_a_context_is_explained(name: str) -> None:
    names = list(first_cells(section(page("signals"), f"`{name}`")))
    spelled = {
        each.replace("SLOT", slot)
        for each in names
        for slot in (SLOTS if "SLOT" in each else ("",))
    }

    assert spelled == set(BUILTIN_CONTEXTS[name].catalogue)


def test_every_command_is_explained() -> None:
    known = {
        f"{target}/{name}" for target, names in COMMANDS.items() for name in names or {"EVENT"}
    }

    assert set(first_cells(page("commands"))) == known


def test_every_message_that_the_charts_publish_is_explained() -> None:
    published = set()
    for path in (ROOT / "statecharts").glob("*.yaml"):
        published |= set(
            re.findall(
                r"event: publish, params: \[\s*\{name: type, expr: \"'([^']+)'", path.read_text()
            )
        )

    assert published <= {kind.name for kind in MESSAGES if kind.direction == "out"}


def test_every_message_has_its_section() -> None:
    text = page("messages")
    titles = {
        name
        for line in re.findall(r"^### (.+)$", text, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", line)
    }

    assert titles == {kind.name for kind in MESSAGES}


def test_the_examples_of_messages_are_some() -> None:
    events = [decode(text.encode()) for text in fenced(page("messages"), "json")]

    assert all(isinstance(event, CloudEvent) for event in events), events
    assert len(events) == len({kind.data for kind in MESSAGES})


def test_every_hook_is_explained() -> None:
    named = {each.partition("(")[0] for each in first_cells(section(page("plugins"), "Hooks"))}

    assert named == set(HOOKS)


def test_every_exposure_is_explained() -> None:
    block = section(page("charts"), "The block `x-xarb`")
    (exposures, on_pause) = (
        part.split("\n\n")[0] for part in re.split(r"\| (?:Exposure|`on_pause`) \|", block)[1:]
    )

    assert set(first_cells(exposures)) == {each.value for each in Exposure}
    assert set(first_cells(on_pause)) == {"finish", "now", "hedge_then_stop"}


def test_the_yaml_of_the_reference_is_yaml() -> None:
    for text in fenced(page("charts"), "yaml"):
        assert yaml.safe_load(text)


def test_every_table_of_the_store_is_explained() -> None:
    text = page("store")
    explained = re.findall(r"^\* `(\w+)`:", text, re.MULTILINE)

    assert sorted(explained) == sorted(first_cells(text.split("<!-- end -->")[0]))


def test_json_examples_can_be_read() -> None:
    for path in sorted(REFERENCE.glob("*.md")):
        for text in fenced(path.read_text(encoding="utf-8"), "json"):
            assert json.loads(text)


def test_every_exit_code_is_explained() -> None:
    codes = {
        errors.FAILED,
        errors.BAD_INPUT,
        errors.STILL_OPEN,
        errors.INTERRUPTED,
        errors.CLOSED_PIPE,
    }

    assert set(first_cells(page("exit-codes"))) == {"0", *map(str, codes)}


def test_every_method_and_capability_of_a_venue_is_explained() -> None:
    text = section(page("plugins"), "What is promised")
    methods = {each.partition("(")[0] for each in first_cells(text)}

    assert methods == {name for name in vars(Venue) if not name.startswith("_")}
    for name in Capabilities.__struct_fields__:
        assert f"`{name}`" in text, name


def test_everything_that_a_venue_is_opened_with_is_explained() -> None:
    text = section(page("plugins"), "What a venue is opened with")
    fields = {each.partition("(")[0] for each in first_cells(text)}

    assert fields == set(VenueOpening.__struct_fields__)


def test_every_method_and_setting_of_an_http_venue_is_explained() -> None:
    text = section(page("plugins"), "An HTTP venue")
    named = [each.partition("(")[0] for each in first_cells(text)]
    methods = {name for name in vars(HttpProtocol) if not name.startswith("_")} - {"key_header"}

    assert len(named) == len(set(named))
    assert set(named) == methods | set(HttpSettings.__struct_fields__)


def test_every_key_of_the_block_is_explained() -> None:
    block = section(page("charts"), "The block `x-xarb`")
    (example,) = fenced(block, "yaml")

    assert set(yaml.safe_load(example)["x-xarb"]) == set(ChartMeta.__struct_fields__)

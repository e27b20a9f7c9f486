"""Settings that pages about modes tell to write are settings that the runtime and plugins take."""

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.settings.deployment import load
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.service.settings_rules import doubtful

YAML = re.compile(r"^( *)```yaml\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "mode"), [("go-live", "live"), ("shadow-mode", "shadow")])
def test_settings_on_a_page_are_taken(tmp_path: Path, page: str, mode: str) -> None:
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text("utf-8")
    ((indent, block),) = YAML.findall(text)

    settings = load(tmp_path, "\n".join(it.removeprefix(indent) for it in block.splitlines()))

    assert settings.mode == mode
    assert doubtful(settings) == []
    registry = discover(builtin=ROOT / "plugins", entry_points=False)
    for name in settings.venues:
        spec = registry.venue(settings.venue_kind(name))
        open_settings(spec, settings.venue_own(name), where=f"venues.{name}")
    assert settings.open_limit("sx") is not None

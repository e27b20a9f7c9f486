"""
The parts of the documentation that are made from the code.

A page has them between `<!-- generated: NAME -->` and `<!-- end -->`. A test compares them;
`python -m tests.docs.generated` writes them anew.
"""

import re
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from tests.docs import bus, conformance, messages, metrics, simulators
from tests.docs.commands import reference
from tests.docs.tables import table
from tests.house.source import ROOT
from xarb_runtime.plugins.findings import CODES
from xarb_runtime.service.settings import SettingDoc, settings_reference
from xarb_runtime.store import schema

_BLOCK = re.compile(
    r"(?P<head><!-- generated: (?P<name>[a-z_]+) -->\n)(?P<body>.*?)(?P<tail><!-- end -->)",
    re.DOTALL,
)


def pages() -> Iterator[Path]:
    """Yield every page that is written for people, in order."""
    yield ROOT / "README.md"
    for folder in ("docs", "runbooks"):
        yield from sorted((ROOT / folder).rglob("*.md"))


def refreshed(text: str) -> str:
    """Return a page with its generated parts made anew."""
    return _BLOCK.sub(lambda it: f"{it['head']}{BLOCKS[it['name']]()}{it['tail']}", text)


# -- Settings ------------------------------------------------------------------------------------


def _settings() -> str:
    by_section = groupby(settings_reference(), key=lambda doc: doc.key.rpartition(".")[0])
    return "\n".join(_section(name, list(docs)) for name, docs in by_section)


def _section(name: str, docs: list[SettingDoc]) -> str:
    title = f"### `{name}`\n\n" if name else ""
    rows = ([f"`{doc.key}`", _type(doc), _default(doc), doc.doc] for doc in docs)
    return title + table(("Key", "Value", "Default", "Meaning"), rows)


def _type(doc: SettingDoc) -> str:
    return "a duration" if doc.type.startswith("a duration") else doc.type


def _default(doc: SettingDoc) -> str:
    return f"`{doc.default}`" if doc.default else "none"


# -- Store, plugins ------------------------------------------------------------------------------


def _store() -> str:
    rows = (
        [f"`{name}`", ", ".join(f"`{column.name}`" for column in found.columns)]
        for name, found in schema.metadata.tables.items()
    )
    return table(("Table", "Columns"), rows)


def _plugin_findings() -> str:
    return table(("Code", "Meaning"), ([f"`{code}`", text] for code, text in CODES.items()))


BLOCKS: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "store": _store,
    "plugin_findings": _plugin_findings,
    "commands": reference,
    "messages_in": lambda: messages.sections("in"),
    "messages_out": lambda: messages.sections("out"),
    "messages_beyond": messages.beyond,
    "messages_key": messages.key,
    "bus_exchanges": bus.exchanges,
    "bus_queues": bus.queues,
    "bus_options": bus.options,
    "metrics": metrics.metrics,
    "alerts": metrics.alerts,
    "conformance_cases": conformance.cases,
    "conformance_matrix": conformance.matrix,
    "simulator_words": simulators.words,
    "simulator_fault": simulators.keys,
    "simulator_sx_bet": simulators.settings_of("sx_bet"),
    "simulator_azuro": simulators.settings_of("azuro"),
}

#: Files that are made from the code as a whole.
FILES: dict[str, Callable[[], str]] = {
    "docs/reference/asyncapi.yaml": messages.asyncapi,
}


def main() -> None:
    """Write every page's generated parts, and the files that are generated as a whole."""
    for page in pages():
        _write(page, refreshed(page.read_text(encoding="utf-8")))
    for name, made in FILES.items():
        _write(ROOT / name, made())


def _write(path: Path, fresh: str) -> None:
    if not path.exists() or fresh != path.read_text(encoding="utf-8"):
        path.write_text(fresh, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()

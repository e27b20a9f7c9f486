"""
The parts of the documentation that are made from the code.

A page has them between `<!-- generated: NAME -->` and `<!-- end -->`. A test compares them;
`python -m tests.docs.generated` writes them anew.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from tests.docs.commands import reference
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


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


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
}


def main() -> None:
    """Write every page's generated parts."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        fresh = refreshed(text)
        if fresh != text:
            page.write_text(fresh, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()

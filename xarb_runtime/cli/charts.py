"""
`xarb lint` and `xarb graph`.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xarb_runtime.cli.errors import BAD_INPUT
from xarb_runtime.cli.options import HERE, Folder

if TYPE_CHECKING:
    from xarb_runtime.domain.context import Context


class FindingFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class PictureFormat(StrEnum):
    """How a chart is drawn."""

    SVG = "svg"
    MERMAID = "mermaid"


def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", show_default=False)],
    folder: Folder = HERE,
    how: Annotated[
        FindingFormat, typer.Option("--format", help="How to write it.")
    ] = FindingFormat.TEXT,
) -> None:
    """Say everything that is wrong with charts. Exit code 2 if any has an error."""
    from xarb_runtime import __version__
    from xarb_runtime.statechart.findings import ERROR
    from xarb_runtime.statechart.lint import lint_path
    from xarb_runtime.statechart.report import format_json, format_text
    from xarb_runtime.statechart.sarif import format_sarif

    known = known_contexts(folder)
    findings = [found for file in files for found in lint_path(file, known)]
    match how:
        case FindingFormat.TEXT:
            written = format_text(findings)
        case FindingFormat.JSON:
            written = format_json(findings)
        case FindingFormat.SARIF:
            written = format_sarif(findings, version=__version__)
    sys.stdout.write(written.rstrip("\n") + "\n")
    if any(found.severity == ERROR for found in findings):
        raise typer.Exit(BAD_INPUT)


def known_contexts(folder: Path) -> "dict[str, type[Context]]":
    """Return the contexts that charts may name; those of plugins where there is a deployment."""
    import os

    from xarb_runtime.service.assembly import discover_plugins
    from xarb_runtime.service.charts import contexts
    from xarb_runtime.service.settings import SETTINGS_FILE, load_settings

    if not (folder / SETTINGS_FILE).is_file():
        return contexts(None)
    return contexts(discover_plugins(folder, load_settings(folder, os.environ)))


def graph(
    chart: Annotated[Path, typer.Argument(metavar="CHART", help="The chart's file.")],
    folder: Folder = HERE,
    how: Annotated[
        PictureFormat, typer.Option("--format", help="How to draw it.")
    ] = PictureFormat.SVG,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="In place of standard output."),
    ] = None,
) -> None:
    """Draw a chart; colours say what an execution owns in each state."""
    from xarb_runtime.cli.screen import remark
    from xarb_runtime.statechart.load import read_chart
    from xarb_runtime.statechart.render import to_mermaid, to_svg

    loaded = read_chart(chart, known_contexts(folder))
    draw = to_svg if how is PictureFormat.SVG else to_mermaid
    drawn = draw(loaded.model, loaded.meta)
    if output is None:
        sys.stdout.write(drawn)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(drawn, encoding="utf-8")
        remark(f"Drew {output}.")

"""
`ghost_report.html`: the report for the eye, one page that needs nothing else.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path

from xarb_runtime.domain.money import ZERO
from xarb_runtime.simulation.campaign import Report
from xarb_runtime.simulation.coverage import Coverage
from xarb_runtime.simulation.evidence_markdown import COMMAND, NOTHING, ends, money, seconds, share
from xarb_runtime.simulation.evidence_svg import svg
from xarb_runtime.simulation.expectations import short_name
from xarb_runtime.simulation.figures import Journey
from xarb_runtime.simulation.lanes import chart_of
from xarb_runtime.simulation.play import Played

#: More executions than this are folded away.
_FOLD = 6


@cache
def _style() -> str:
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def page(report: Report) -> str:
    """Return the page; the same report gives the same text."""
    passed, count = len(report.played) - len(report.failed), len(report.played)
    title = f"{passed} of {count} scenarios hold"
    parts = [
        _head(title),
        _cards(report),
        _legend(),
        _summary(report),
        _coverage(report.coverage),
        '<h2 id="scenarios">The scenarios</h2>',
        *(_scenario(it, report) for it in report.played),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Ghost report: {title}</title>\n<style>\n{_style()}</style>\n</head>\n"
        f'<body id="top">\n<main>\n{body}\n</main>\n</body>\n</html>\n'
    )


def _head(title: str) -> str:
    return (
        f"<h1>Ghost report: {title}</h1>\n"
        '<p class="soft">The execution service itself, under a virtual clock, with venues that '
        "misbehave as they do in reality. After every step what it believes is compared with what "
        f"the venues' own books say. Made by <code>{COMMAND}</code>, the same on every machine; "
        "every line of what happened is in <code>orchestrator_run.log</code>.</p>"
    )


# -- The whole -------------------------------------------------------------------------------------


def _cards(report: Report) -> str:
    figures = report.figures
    median, p95 = figures.orchestration_ms
    naked, _ = figures.naked_quantiles_ms
    flow = report.coverage[0]
    cards = [
        (f"{len(report.played) - len(report.failed)} / {len(report.played)}", "scenarios hold"),
        (str(len(figures.journeys)), f"executions, {figures.steps} steps"),
        (f"{seconds(median)}", f"from first to last step; p95 {seconds(p95)}"),
        (share(figures.rollback_rate), "of positions had to be hedged"),
        (seconds(naked), f"on one leg, median; {seconds(figures.naked_ms)} in all"),
        (str(sum(figures.incidents.values())), _incidents(figures.incidents)),
        (
            share(flow.transition_share),
            f"of the flow's transitions; {share(flow.outcome_share)} of guard outcomes",
        ),
    ]
    shown = "".join(f'<div class="card"><b>{b}</b><span>{text}</span></div>' for b, text in cards)
    return f'<div class="cards">{shown}</div>'


def _incidents(incidents: dict[str, int]) -> str:
    return "incidents: " + ", ".join(f"{count} {kind}" for kind, count in incidents.items())


def _swatch(kind: str, text: str) -> str:
    return (
        f'<span><svg width="18" height="12"><rect class="{kind}" width="18" height="12" rx="2"/>'
        f"</svg>{text}</span>"
    )


def _dot(kind: str, text: str) -> str:
    return (
        f'<span><svg width="12" height="12"><circle class="{kind}" cx="6" cy="6" r="4.2"/></svg>'
        f"{text}</span>"
    )


def _tick(kind: str, text: str) -> str:
    drawn = f'<svg width="8" height="12"><path class="{kind}" d="M4 1v10"/></svg>'
    return f"<span>{drawn}{text}</span>"


def _legend() -> str:
    parts = [
        _swatch("exposure-unknown", "in doubt: an order may fill further than we know"),
        _swatch("exposure-one_leg", "on one leg"),
        _swatch("exposure-hedged", "covered"),
        _swatch("order-open", "an order, from the call to its end in the venue's book"),
        _dot("book-filled", "filled"),
        _dot("book-final", "final"),
        _dot("book-cancelled", "cancelled"),
        _dot("book-refused", "refused"),
        _dot("book-reversed", "taken back"),
        _tick("call-cancel", "cancel"),
        _tick("call-find", "look up"),
        "<span>▼ operator &nbsp; ! incident &nbsp; ✕ crash &nbsp; ◷ clock set</span>",
    ]
    note = (
        '<p class="soft">Time runs to scale where something happens; dotted lines stand for pauses '
        "and say how long they were. Point at anything to see what it is.</p>"
    )
    return f'<h2>How to read it</h2><div class="legend">{"".join(parts)}</div>{note}'


def _summary(report: Report) -> str:
    heads = (
        "", "scenario", "", "executions.", "ended as", "on one leg.", "in doubt.", "worst case.",
        "incidents",
    )  # fmt: skip
    rows = [_summary_row(it, _journeys(report, it)) for it in report.played]
    return "<h2>Summary</h2>" + _table(heads, rows)


def _summary_row(played: Played, journeys: Sequence[Journey]) -> Sequence[str]:
    number = played.scenario.name.partition("_")[0]
    kinds = sorted({it.incident.kind for it in played.recording.incidents.values()})
    return (
        f'<span class="number">{escape(number)}</span>',
        f'<a href="#{escape(played.scenario.name)}">{escape(played.scenario.title)}</a>',
        _verdict(played),
        str(len(journeys)),
        escape(", ".join(ends(journeys))),
        seconds(sum(it.naked_ms for it in journeys)),
        seconds(sum(it.doubt_ms for it in journeys)),
        money(min((it.worst for it in journeys), default=ZERO)),
        escape(", ".join(kinds)) or NOTHING,
    )


def _verdict(played: Played) -> str:
    word, kind = ("holds", "good") if played.passed else ("fails", "bad")
    return f'<span class="verdict {kind}">{word}</span>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; heads that end with a point are those of figures."""
    kinds = [' class="n"' if head.endswith(".") else "" for head in heads]
    head = "".join(
        f"<th{kind}>{text.rstrip('.')}</th>" for kind, text in zip(kinds, heads, strict=True)
    )
    body = "\n".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )  # fmt: skip
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>'
        "</table></div>"
    )


def _coverage(coverages: Iterable[Coverage]) -> str:
    rows, missing = [], []
    for it in coverages:
        rows.append(
            (
                f"<code>{escape(it.chart)}</code>",
                _of(len(it.states_missing), len(it.states)),
                _of(len(it.transitions_missing), len(it.transitions)),
                _of(len(it.outcomes_missing), 2 * len(it.guards)),
            )
        )
        missing += [f"{it.chart}, state <code>{escape(name)}</code>" for name in it.states_missing]
        missing += [f"{it.chart}, {escape(str(found))}" for found in it.transitions_missing]
        missing += [
            f"{it.chart}, guard <code>{escape(text)}</code> never {str(wanted).lower()}"
            for text, wanted in it.outcomes_missing
        ]
    shown = "<h2>Coverage</h2>" + _table(
        ("chart", "states.", "transitions.", "guard outcomes."), rows
    )
    items = "".join(f"<li>{text}</li>" for text in missing)
    return shown + (
        f"<details><summary>{len(missing)} missing</summary><ul>{items}</ul></details>"
        if missing
        else ""
    )


def _of(missing: int, whole: int) -> str:
    return f"{whole - missing} of {whole}"


# -- One scenario ----------------------------------------------------------------------------------


def _journeys(report: Report, played: Played) -> list[Journey]:
    return [it for it in report.figures.journeys if it.scenario == played.scenario.name]


def _scenario(played: Played, report: Report) -> str:
    scenario = played.scenario
    number = scenario.name.partition("_")[0]
    faults = "".join(f'<li class="bad">{escape(text)}</li>' for text in _faults(played))
    return (
        f'<section class="scenario" id="{escape(scenario.name)}">\n'
        f'<h3><span class="number">{escape(number)}</span> {escape(scenario.title)} '
        f'{_verdict(played)}<a class="top" href="#top">top</a></h3>\n'
        f"<p>{escape(scenario.story.strip())}</p>\n"
        + (f"<ul>{faults}</ul>\n" if faults else "")
        + f'<div class="wide">{svg(chart_of(played), scenario.title)}</div>\n'
        + _executions(_journeys(report, played))
        + "\n</section>"
    )


def _faults(played: Played) -> list[str]:
    return [*played.unmet, *(f"{it.invariant}: {it.text}" for it in played.recording.violations)]


def _executions(journeys: Sequence[Journey]) -> str:
    heads = ("execution", "ended as", "reason", "took.", "on one leg.", "in doubt.", "worst case.")
    rows = [
        (
            escape(short_name(it.execution)),
            escape(it.state),
            escape(it.reason) or NOTHING,
            seconds(it.took_ms) if it.took_ms is not None else "still open",
            seconds(it.naked_ms),
            seconds(it.doubt_ms),
            money(it.worst),
        )
        for it in journeys
    ]
    if len(rows) <= _FOLD:
        return _table(heads, rows)
    return f"<details><summary>{len(rows)} executions</summary>{_table(heads, rows)}</details>"

"""
`ghost_report.md`: the scenarios, the figures and the coverage, as tables.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from xarb_runtime.simulation.campaign import Report
from xarb_runtime.simulation.coverage import Coverage
from xarb_runtime.simulation.expectations import short_name
from xarb_runtime.simulation.figures import Figures, Journey
from xarb_runtime.simulation.play import Played

COMMAND = "make ghost"
NOTHING = "-"


def markdown(report: Report) -> str:
    """Return the report; the same report gives the same text."""
    parts = [
        _head(report),
        _scenarios(report),
        _failures(report),
        _figures(report.figures),
        *(_coverage(it) for it in report.coverage),
        _executions(report.figures),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Report) -> str:
    passed, count = len(report.played) - len(report.failed), len(report.played)
    return (
        f"# Ghost report: {passed} of {count} scenarios hold\n\n"
        f"Made by `{COMMAND}`; the same on every machine. Times are virtual. What happened, line "
        "by line, is in `orchestrator_run.log`; the same for the eye in `ghost_report.html`."
    )


def seconds(milliseconds: int | None) -> str:
    """Return a duration for people."""
    if milliseconds is None:
        return NOTHING
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"  # noqa: PLR2004


def money(amount: Decimal) -> str:
    """Return an amount with a sign."""
    return f"{amount:+.2f}" if amount else "0.00"


def share(part: Decimal | float | None) -> str:
    """Return a share in percent."""
    return NOTHING if part is None else f"{part * 100:.1f} %"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; columns that hold figures are set to the right."""
    lines = [[_cell(cell) for cell in row] for row in rows]
    right = ["-:" if heads[i].endswith(" ") else "-" for i in range(len(heads))]
    shown = [[head.strip() for head in heads], right, *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in shown)


def _cell(cell: object) -> str:
    return str(cell).replace("|", "\\|").replace("\n", " ")


# -- Scenarios -------------------------------------------------------------------------------------


def _scenarios(report: Report) -> str:
    journeys = report.figures.journeys
    rows = [
        _scenario(it, [j for j in journeys if j.scenario == it.scenario.name])
        for it in report.played
    ]
    heads = (
        "scenario",
        "what it is about",
        "result",
        "executions ",
        "ended as",
        "on one leg ",
        "in doubt ",
        "incidents",
        "crashes ",
    )
    return "## Scenarios\n\n" + table(heads, rows)


def _scenario(played: Played, journeys: Sequence[Journey]) -> Sequence[object]:
    kinds = [it.incident.kind for it in played.recording.incidents.values()]
    return (
        played.scenario.name,
        played.scenario.title,
        "holds" if played.passed else "**fails**",
        len(journeys),
        ", ".join(ends(journeys)),
        seconds(sum(it.naked_ms for it in journeys)),
        seconds(sum(it.doubt_ms for it in journeys)),
        ", ".join(sorted(set(kinds))) or NOTHING,
        len(played.recording.crashes) or NOTHING,
    )


def ends(journeys: Iterable[Journey]) -> Iterator[str]:
    """Yield in which states executions ended, and how many."""
    states = [it.state for it in journeys]
    for state in dict.fromkeys(sorted(states)):
        count = states.count(state)
        yield state if count == 1 else f"{count} {state}"


def _failures(report: Report) -> str:
    if not report.failed:
        return ""
    lines = ["## What does not hold"]
    for played in report.failed:
        lines.append(f"\n### {played.scenario.name}\n")
        lines += [f"* {_cell(text)}" for text in played.unmet]
        lines += [f"* **{it.invariant}**: {_cell(it.text)}" for it in played.recording.violations]
    return "\n".join(lines)


# -- Figures ---------------------------------------------------------------------------------------


def _figures(figures: Figures) -> str:
    median, p95 = figures.orchestration_ms
    naked, naked_p95 = figures.naked_quantiles_ms
    rows = [
        ("executions", len(figures.journeys)),
        *((f"ended as {state}", count) for state, count in figures.ends.items()),
        ("from the first to the last step, median", seconds(median)),
        ("from the first to the last step, p95", seconds(p95)),
        ("had to hedge (of those that owned anything)", share(figures.rollback_rate)),
        ("on one leg, all together", seconds(figures.naked_ms)),
        ("on one leg, median (of those that owned anything)", seconds(naked)),
        ("on one leg, p95", seconds(naked_p95)),
        ("in doubt, all together", seconds(figures.doubt_ms)),
        *((f"incidents: {kind}", count) for kind, count in figures.incidents.items()),
        ("steps", figures.steps),
        ("commands", figures.commands),
        ("commits", figures.checkpoints),
    ]
    venues = [
        (name, it.orders, f"{it.stake:.2f}", f"{it.filled:.2f}", share(it.fill_ratio))
        for name, it in figures.venues.items()
    ]
    return (
        "## Figures\n\nMost scenarios are about something that goes wrong: these figures describe "
        "them, not a market.\n\n"
        + table(("figure", "value "), rows)
        + "\n\n"
        + table(("venue", "orders sent ", "stake ", "filled ", "fill ratio "), venues)
    )


# -- Coverage --------------------------------------------------------------------------------------


def _coverage(coverage: Coverage) -> str:
    rows = [
        (
            "states",
            *_covered(len(coverage.states), len(coverage.states_missing)),
            share(coverage.state_share),
        ),
        (
            "transitions",
            *_covered(len(coverage.transitions), len(coverage.transitions_missing)),
            share(coverage.transition_share),
        ),
        (
            "guard outcomes",
            *_covered(2 * len(coverage.guards), len(coverage.outcomes_missing)),
            share(coverage.outcome_share),
        ),
    ]
    missing = [f"* state `{state}`" for state in coverage.states_missing]
    missing += [f"* transition `{it.path}`: {it}" for it in coverage.transitions_missing]
    missing += [
        f"* guard `{expression}` never {str(wanted).lower()}"
        for expression, wanted in coverage.outcomes_missing
    ]
    heading = f"## Coverage of {coverage.chart}, version {coverage.version}\n\n"
    shown = heading + table(("what", "walked through ", "of ", "share "), rows)
    return shown + ("\n\nMissing:\n\n" + "\n".join(missing) if missing else "") + _guards(coverage)


def _covered(whole: int, missing: int) -> tuple[int, int]:
    return whole - missing, whole


def _guards(coverage: Coverage) -> str:
    rows = [(f"`{it.expression}`", it.true, it.false) for it in coverage.guards]
    return "\n\n" + table(("guard", "true ", "false "), rows)


# -- Executions ------------------------------------------------------------------------------------


def _executions(figures: Figures) -> str:
    rows = [
        (
            it.scenario,
            short_name(it.execution),
            it.state,
            it.reason or NOTHING,
            seconds(it.took_ms),
            seconds(it.naked_ms),
            money(it.worst),
        )
        for it in figures.journeys
    ]
    heads = ("scenario", "execution", "ended as", "reason", "took ", "on one leg ", "worst case ")
    return (
        "## Executions\n\nThe worst case is what is lost, or won, at worst by the venues' own "
        "books.\n\n" + table(heads, rows)
    )

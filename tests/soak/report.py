"""
What a soak came to, as a page for `evidence/`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.soak.campaign import Figures, Settings
from tests.soak.evidence import Evidence
from tests.soak.faults import KINDS
from tests.soak.messages import MALFORMED, OPPORTUNITY
from tests.soak.processes import KILLED
from tests.soak.verdicts import LAWS

WHAT = """\
Real processes: a RabbitMQ broker, two ghost venues that refuse, keep silent and break, `xarb run`
on SQLite behind a TCP proxy, a publisher with confirms, and a consumer that records all that goes
out. A fault begins every 2 to 10 seconds, one of twelve kinds, drawn from the seed; faults overlap.
When everything is published and quiet again, the publisher's list, the journal, the venues' own
books, the recorded messages and the broker's queues are held against each other.

A slow disk is not at hand: for `disk slow` another process holds the database's write lock for 0.7
seconds again and again, so that commits wait as they would for an fsync, while files are synced
beside it."""


def report(
    settings: Settings, evidence: Evidence, figures: Figures, problems: Sequence[str]
) -> str:
    """Return the page."""
    parts = [
        f"<!-- Written by: make soak N={settings.count} SEED={settings.seed} -->",
        "# Soak",
        WHAT,
        "## Verdict",
        _verdict(problems),
        "## What came in, and what became of it",
        _table(("", "count"), _incoming(evidence, figures)),
        "## Faults",
        _table(("kind", "times"), [(kind, figures.faults.get(kind, 0)) for kind in KINDS]),
        "## On the way",
        _table(("", ""), _measured(settings, figures, evidence)),
        "## Memory of the runtime",
        _memory(figures),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(problems: Sequence[str]) -> str:
    laws = "\n".join(f"- {law.__name__.replace('_', ' ')}" for law in LAWS)
    if not problems:
        return f"All {len(LAWS)} laws hold:\n\n{laws}"
    found = "\n".join(f"- {problem}" for problem in problems)
    return f"{len(problems)} problems:\n\n{found}"


def _table(head: tuple[str, str], rows: Sequence[tuple[str, object]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])


def _incoming(evidence: Evidence, figures: Figures) -> list[tuple[str, object]]:
    ends = Counter(
        f"rejected: {it.reason}" if it.state == "rejected" else it.state
        for it in evidence.executions.values()
    )
    outcomes = Counter(row.outcome for row in evidence.received)
    letters, distinct = len(evidence.dead_letters), len(set(evidence.dead_letters))
    sent = Counter(it.kind for it in evidence.sent.values())
    return [
        ("opportunities", sent[OPPORTUNITY]),
        *((f"messages: {kind}", count) for kind, count in sorted(sent.items())),
        ("published in all, repetitions included", figures.others["published"]),
        *((f"executions: {end}", count) for end, count in ends.most_common()),
        ("not executed: too old", outcomes["too_old"]),
        ("not executed: from the future", outcomes["from_the_future"]),
        (f"dead letters in the journal ({sent[MALFORMED]} malformed)", distinct),
        ("dead letters written once more after a redelivery", letters - distinct),
        ("messages in the broker's dead-letter queue", len(evidence.dead)),
        ("orders in the venues' books", len(evidence.orders)),
        ("executions with an incident", len(evidence.incidents - {""})),
    ]


def _measured(settings: Settings, figures: Figures, evidence: Evidence) -> list[tuple[str, object]]:
    lives = Counter(life.code for life in evidence.lives)
    return [
        ("seconds from the first message until all was quiet", round(figures.seconds)),
        ("opportunities a second, outages included", round(settings.count / figures.seconds, 1)),
        ("lives of the runtime", len(evidence.lives)),
        ("of these ended by signal 9", lives[KILLED]),
        ("of these ended by a safe stop", sum(lives.values()) - lives[KILLED]),
        ("TCP connections of the bus (two for each time that it connects)", figures.reconnects),
        ("naked seconds, all executions together", round(figures.naked_seconds, 1)),
        *((name, count) for name, count in figures.others.items() if name not in _TOLD),
    ]


_TOLD = {"opportunities", "messages", "published", "lives of the runtime"}


def _memory(figures: Figures) -> str:
    lives = list(_by_life(figures))
    if not lives:
        return "Not measured: the run was too short."
    rows = [("first sample of the run", lives[0][1]), ("last sample of the run", lives[-1][2])]
    longest = max(lives, key=lambda life: life[3])
    rows += [
        ("largest sample", max(kilobytes for _, _, kilobytes in figures.memory)),
        (f"longest life ({longest[3]:.0f} s): first sample", longest[1]),
        (f"longest life ({longest[3]:.0f} s): last sample", longest[2]),
    ]
    return _table(("resident memory", "MB"), [(name, round(kb / 1024, 1)) for name, kb in rows])


def _by_life(figures: Figures) -> Iterator[tuple[int, int, int, float]]:
    """Yield each life with its first and its last sample, and how long it was between them."""
    for number in sorted({life for _, life, _ in figures.memory}):
        samples = [(at, kilobytes) for at, life, kilobytes in figures.memory if life == number]
        yield number, samples[0][1], samples[-1][1], samples[-1][0] - samples[0][0]


def write_report(folder: Path, text: str) -> Path:
    """Write the page into the folder of evidence."""
    file = folder / "soak.md"
    file.write_text(text, encoding="utf-8")
    return file

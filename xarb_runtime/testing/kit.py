"""
The conformance kit: plays cases against a venue on its bench, and says what came of them.

    report = run_kit(MyBench, exempt={"XV-320": "the venue knows no partial fills"})
    print(report.text())

Each case has a server and a venue of its own. Nothing waits in real time.
"""

import asyncio
import traceback
from collections.abc import Callable, Collection, Mapping

from xarb_runtime.testing import cases
from xarb_runtime.testing.bench import Bench, NoSuchFateError
from xarb_runtime.testing.case import Case
from xarb_runtime.testing.clock import KitClock, KitLoop, StuckError
from xarb_runtime.testing.driven import NoAnswerError
from xarb_runtime.testing.forge import open_forger
from xarb_runtime.testing.report import KIT_VERSION, Outcome, Report, Verdict, level_of
from xarb_runtime.testing.stage import Stage, open_stage
from xarb_runtime.testing.verdict import CaseFailedError, CaseSkippedError
from xarb_runtime.testing.wire import Pattern, Sent, Wire, pattern_of

BenchFactory = Callable[[], Bench]

#: A case that takes longer, in its own time, hangs.
LONGEST_S = 6 * 3600

#: What a server answers that has met a mistake of its own.
SERVER_ERROR = 500


def run_kit(
    bench_factory: BenchFactory,
    *,
    exempt: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    told: Callable[[Outcome], None] | None = None,
) -> Report:
    """
    Play the cases; from where no event loop runs.

    Args:
        bench_factory: makes a bench, one for each case: the class will do.
        exempt: cases that the venue cannot pass, and why, in the author's words.
        only: the numbers of the cases to play; None plays all.
        told: called with each outcome as it is known.

    Raises:
        ValueError: an exemption without a reason, or a number that no case has.
    """
    exempt = exempt or {}
    check_exemptions(exempt)
    chosen = chosen_cases(only)
    placing = learn_placing(bench_factory)
    outcomes: list[Outcome] = []
    for case in chosen:
        outcomes.append(run_case(case, bench_factory, exempt=exempt, placing=placing))
        if told is not None:
            told(outcomes[-1])
    spec = bench_factory().spec
    return Report(
        plugin=spec.name,
        version=spec.version,
        kit=KIT_VERSION,
        level=level_of(tuple(outcomes)),
        outcomes=tuple(outcomes),
    )


async def run_kit_async(
    bench_factory: BenchFactory,
    *,
    exempt: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
) -> Report:
    """Play the cases, from within an event loop: they have a thread and loops of their own."""
    return await asyncio.to_thread(run_kit, bench_factory, exempt=exempt, only=only)


def chosen_cases(only: Collection[str] | None = None) -> list[Case]:
    """
    Return the cases with these numbers, in the order of their numbers.

    Raises:
        ValueError: there is no such case.
    """
    unknown = sorted(set(only or ()) - set(cases.CASES))
    if unknown:
        raise ValueError(f"only: expected numbers of cases, found {', '.join(unknown)}")
    return [case for number, case in sorted(cases.CASES.items()) if only is None or number in only]


def check_exemptions(exempt: Mapping[str, str]) -> None:
    """
    Make sure that every exemption is one of a case, and has a reason.

    Raises:
        ValueError: one is not, or has none.
    """
    for number, reason in exempt.items():
        if number not in cases.CASES:
            raise ValueError(f"exempt: expected the number of a case, found {number}")
        if not reason.strip():
            raise ValueError(f"exempt: {number}: expected a reason, found an empty text")


def run_case(
    case: Case,
    bench_factory: BenchFactory,
    *,
    exempt: Mapping[str, str] | None = None,
    placing: Pattern | None = None,
) -> Outcome:
    """Play one case, from where no event loop runs."""
    reason = (exempt or {}).get(case.id)
    if reason is not None:
        return _outcome(case, Verdict.EXEMPT, reason)
    try:
        with asyncio.Runner(loop_factory=KitLoop) as runner:
            return runner.run(_judged(case, bench_factory, placing))
    except StuckError as error:
        return _failed(case, "everything to wait for something now and then", str(error))


def learn_placing(bench_factory: BenchFactory) -> Pattern | None:
    """Return how the venue is asked to take an order; None when it took none."""
    try:
        with asyncio.Runner(loop_factory=KitLoop) as runner:
            return runner.run(_learnt(bench_factory))
    except StuckError:
        return None  # the cases will say so


async def _judged(case: Case, bench_factory: BenchFactory, placing: Pattern | None) -> Outcome:
    try:
        async with asyncio.timeout(LONGEST_S):
            await _play(case, bench_factory, placing)
    except CaseFailedError as error:
        return _failed(case, error.expected, error.found)
    except (CaseSkippedError, NoSuchFateError) as error:
        return _outcome(case, Verdict.SKIPPED, str(error))
    except TimeoutError as error:
        return _failed(case, "the case to come to an end", _where(error))
    except NoAnswerError as error:
        return _failed(case, "an answer", str(error))
    except Exception as error:  # noqa: BLE001  benches and plugins may raise anything
        return _failed(case, "no error", _where(error))
    return _outcome(case, Verdict.PASSED)


async def _play(case: Case, bench_factory: BenchFactory, placing: Pattern | None) -> None:
    clock, bench = KitClock(), bench_factory()
    async with bench.running(clock), open_forger() as forger:
        wire = Wire(clock, forger, placing)
        async with open_stage(bench, wire, clock) as stage:
            try:
                await case.play(stage)
            except CaseFailedError as error:
                raise CaseFailedError(error.expected, error.found + _broken(wire)) from error


def _broken(wire: Wire) -> str:
    """Return what the server itself could not answer: a mistake of the simulator, most often."""
    broken = [f"{sent.method} {sent.path}" for sent in wire.sent if sent.status == SERVER_ERROR]
    return f"; the server answered 500 to {broken[0]}" if broken else ""


async def _learnt(bench_factory: BenchFactory) -> Pattern | None:
    """Place one order, and see at which request the server's book grows."""
    clock, bench = KitClock(), bench_factory()
    patterns: list[Pattern] = []
    async with bench.running(clock), open_forger() as forger:
        wire = Wire(clock, forger)
        async with open_stage(bench, wire, clock) as stage:
            try:
                await _watch_placing(stage, wire, patterns)
            except Exception:  # noqa: BLE001  benches and plugins may raise anything
                return None  # the cases will say what is wrong
    return patterns[0] if patterns else None


async def _watch_placing(stage: Stage, wire: Wire, patterns: list[Pattern]) -> None:
    venue, order = await stage.open(), stage.order()
    candidates: list[Pattern] = []

    async def look(sent: Sent) -> None:
        if sent.call == "place" and sent.changes:
            pattern = pattern_of(sent.method, sent.path, order.client_id)
            candidates.append(pattern)
            if await stage.bench.held() and not patterns:
                patterns.append(pattern)

    wire.after_each = look
    await venue.place(order)
    wire.after_each = None
    if not patterns and candidates and await stage.bench.held():
        patterns.append(candidates[-1])


def _outcome(case: Case, verdict: Verdict, reason: str = "") -> Outcome:
    return Outcome(
        id=case.id,
        level=case.level,
        binding=case.binding,
        title=case.title,
        verdict=verdict,
        reason=reason,
    )


def _failed(case: Case, expected: str, found: str) -> Outcome:
    return Outcome(
        id=case.id,
        level=case.level,
        binding=case.binding,
        title=case.title,
        verdict=Verdict.FAILED,
        reason=f"expected {expected}, found {found}",
        expected=expected,
        found=found,
    )


def _where(error: BaseException) -> str:
    """Return an error and the last place that it went through, without a machine's paths."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"

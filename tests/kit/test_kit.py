"""
The kit as authors call it: which cases are played, what is exempt, and what the report says.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import pytest

from tests.kit.wrong import WRONG, later
from tests.kit.wrong.making import bench_of
from xarb_runtime.domain.orders import (
    FindAnswer,
    Order,
    OrderReport,
    PlaceAnswer,
    Quote,
    Selection,
)
from xarb_runtime.plugins.http_venue import HttpVenue, Request
from xarb_runtime.testing import kit
from xarb_runtime.testing.bench import Fate, Held, NoSuchFateError
from xarb_runtime.testing.case import CASES, Level
from xarb_runtime.testing.conformance import VenueConformance
from xarb_runtime.testing.plain.bench import PlainBench
from xarb_runtime.testing.report import KIT_VERSION, Outcome, Verdict, level_of

SOME = ("XV-030", "XV-135", "XV-320")


class _Silent(HttpVenue):
    async def place(self, order: Order) -> PlaceAnswer:
        raise RuntimeError(f"cannot place {order.client_id}")


class _Speechless(HttpVenue):
    async def place(self, order: Order) -> PlaceAnswer:
        return None  # type: ignore[return-value]


class _Dawdling(HttpVenue):
    async def place(self, order: Order) -> PlaceAnswer:
        await self.find(order)
        await asyncio.sleep(5)
        return await super().place(order)


class _Breaking(HttpVenue):
    async def reports(self) -> AsyncIterator[OrderReport]:
        raise LookupError("no place to listen")
        yield


class _Renaming(HttpVenue):
    async def reports(self) -> AsyncIterator[OrderReport]:
        async for report in super().reports():
            yield msgspec.structs.replace(report, client_id="7001")


class _Asynchronous(HttpVenue):
    async def watch(self, order: Order) -> None:  # type: ignore[override]
        await asyncio.sleep(0)

    async def figures(self) -> Mapping[str, Decimal | int]:  # type: ignore[override]
        return {}


class _Floating(HttpVenue):
    async def quote(self, selection: Selection) -> Quote:
        wrong: Any = 2.1
        return msgspec.structs.replace(await super().quote(selection), odds=wrong)


class _Lost(HttpVenue):
    async def find(self, order: Order) -> FindAnswer:
        await self.send(Request("GET", "/changes?after=nothing"))
        return await super().find(msgspec.structs.replace(order, client_id="nobody"))


class _WholeBench(PlainBench):
    async def destine(self, fate: Fate) -> None:
        if fate is Fate.PARTIAL:
            raise NoSuchFateError("orders are filled whole")
        await super().destine(fate)


class _BrokenBench(PlainBench):
    async def held(self) -> list[Held]:
        raise LookupError("the bench forgot its book")


def outcome_of(number: str, bench: Callable[[], PlainBench], **options: object) -> Outcome:
    return kit.run_kit(bench, only=[number], **options).outcomes[0]


# -- Which cases ---------------------------------------------------------------------------------


def test_cases_are_numbered_with_gaps_and_explain_themselves() -> None:
    for number, case in CASES.items():
        assert number == case.id
        assert len(number) == len("XV-010")
        assert case.title.endswith("."), number
        assert [word for word in ("Given", "When", "Then") if word not in case.text] == [], number
    assert len({case.title for case in CASES.values()}) == len(CASES)


def test_every_binding_case_has_a_wrong_venue() -> None:
    assert {case.id for case in CASES.values() if case.binding} == set(WRONG)


def test_numbers_do_not_go_down_from_level_to_level() -> None:
    levels = [case.level for _, case in sorted(CASES.items())]

    assert levels == sorted(levels, key=list(Level).index)


def test_only_the_cases_that_are_asked_for_are_played_in_their_order() -> None:
    report = kit.run_kit(PlainBench, only=SOME[::-1])

    assert tuple(outcome.id for outcome in report.outcomes) == SOME


def test_a_case_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="XV-001"):
        kit.run_kit(PlainBench, only=["XV-001"])


@pytest.mark.parametrize(
    ("exempt", "words"), [({"XV-030": " "}, "a reason"), ({"XV-001": "so"}, "the number of a case")]
)
def test_an_exemption_needs_a_case_and_a_reason(exempt: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        kit.run_kit(PlainBench, exempt=exempt, only=["XV-030"])


def test_outcomes_are_told_as_they_come() -> None:
    told: list[str] = []

    kit.run_kit(PlainBench, only=SOME, told=lambda outcome: told.append(outcome.id))

    assert tuple(told) == SOME


async def test_it_runs_beside_a_loop() -> None:
    report = await kit.run_kit_async(PlainBench, only=["XV-030"])

    assert report.outcomes[0].verdict is Verdict.PASSED


# -- Verdicts ------------------------------------------------------------------------------------


def test_what_fails_says_what_was_expected_and_what_was_found() -> None:
    outcome = outcome_of("XV-050", bench_of(_Silent))

    assert outcome.verdict is Verdict.FAILED
    assert outcome.expected == "Accepted"
    assert "cannot place kit-0001:1:0" in outcome.found


def test_an_answer_that_is_none_fails() -> None:
    outcome = outcome_of("XV-050", bench_of(_Speechless))

    assert (
        outcome.reason == "expected place to return Accepted or Refused or Unknown, found NoneType"
    )


def test_what_the_protocol_does_not_have_is_skipped_in_the_benchs_words() -> None:
    outcome = outcome_of("XV-320", _WholeBench)

    assert (outcome.verdict, outcome.reason) == (Verdict.SKIPPED, "orders are filled whole")


def test_an_order_that_is_gone_may_come_to_an_end() -> None:
    assert outcome_of("XV-286", later.EndingBench).verdict is Verdict.PASSED
    assert outcome_of("XV-286", PlainBench).verdict is Verdict.SKIPPED


def test_what_is_exempt_is_not_played() -> None:
    outcome = outcome_of("XV-050", _BrokenBench, exempt={"XV-050": "the book is lost"})

    assert (outcome.verdict, outcome.reason) == (Verdict.EXEMPT, "the book is lost")


def test_a_bench_that_raises_fails_the_case() -> None:
    outcome = outcome_of("XV-050", _BrokenBench)

    assert outcome.verdict is Verdict.FAILED
    assert "LookupError: the bench forgot its book (held, line " in outcome.found


@pytest.mark.parametrize(
    ("number", "venue", "expected", "found"),
    [
        (
            "XV-340",
            _Dawdling,
            "a request of `place` that may change something, on the sessions of opening.http",
            "only GET /orders/kit-0001:1:0; `place` said: no answer within 1000 ms",
        ),
        (
            "XV-050",
            _Breaking,
            "a report within 34000 ms that is final",
            "[]; `reports` broke 18 times, it raised LookupError: no place to listen",
        ),
        (
            "XV-050",
            _Renaming,
            "a report within 34000 ms that is final",
            "[]; of kit-0001:1:0 nothing, but reports of 7001",
        ),
        ("XV-430", _Asynchronous, "`watch` to be a plain function: def watch(...)", "async def"),
        (
            "XV-150",
            _Asynchronous,
            "`figures` to be a plain function: def figures(...)",
            "async def",
        ),
        ("XV-030", _Floating, "a Decimal as odds of the quote", "2.1"),
        (
            "XV-275",
            _Lost,
            "the order to be found within 34000 ms",
            "Unknown(reason='not found yet'); the server answered 500 to GET /changes",
        ),
    ],
)
def test_what_is_found_leads_to_the_mistake(
    number: str, venue: type, expected: str, found: str
) -> None:
    outcome = outcome_of(number, bench_of(venue))

    assert (outcome.expected, outcome.found) == (expected, found)


# -- Levels --------------------------------------------------------------------------------------


def _outcomes(*, failed: str = "", left_out: str = "") -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            id=case.id,
            level=case.level,
            binding=case.binding,
            title=case.title,
            verdict=Verdict.FAILED if case.id == failed else Verdict.PASSED,
        )
        for case in CASES.values()
        if case.id != left_out
    )


@pytest.mark.parametrize(
    ("failed", "level"),
    [
        ("", Level.GOLD),
        ("XV-490", Level.SILVER),
        ("XV-220", Level.BRONZE),
        ("XV-050", None),
        ("XV-480", Level.GOLD),  # informative
    ],
)
def test_a_level_is_reached_when_nothing_binding_failed(failed: str, level: Level | None) -> None:
    assert level_of(_outcomes(failed=failed)) is level


def test_a_level_is_not_reached_when_a_case_was_left_out() -> None:
    assert level_of(_outcomes(left_out="XV-220")) is Level.BRONZE


# -- The report ----------------------------------------------------------------------------------


def test_the_report_is_the_same_text_each_time() -> None:
    exempt = {"XV-030": "no prices"}

    first, second = (kit.run_kit(PlainBench, only=SOME, exempt=exempt) for _ in range(2))

    assert first.to_json() == second.to_json()
    assert json.loads(first.to_json())["outcomes"][0] == {
        "id": "XV-030",
        "level": "bronze",
        "binding": True,
        "title": "A quote is a live price with the stakes that can be bet at it.",
        "verdict": "exempt",
        "reason": "no prices",
        "expected": "",
        "found": "",
    }


def test_the_report_names_plugin_and_kit() -> None:
    report = kit.run_kit(PlainBench, only=SOME)

    assert (report.plugin, report.version, report.kit) == ("plain", "0.1.0", KIT_VERSION)
    assert report.summary() == (
        "plain 0.1.0, kit 1.0: no level (2 passed, 0 failed, 1 skipped, 0 exempt)"
    )
    assert [row[:3] for row in report.rows()] == [
        ("XV-030", "bronze", "passed"),
        ("XV-135", "bronze", "skipped"),
        ("XV-320", "silver", "passed"),
    ]
    assert "XV-135  skipped  bronze" in report.text()


# -- As a class of tests ---------------------------------------------------------------------------


class _Tests(VenueConformance):
    bench = PlainBench


class _ExemptTests(VenueConformance):
    bench = PlainBench
    exempt: ClassVar = {"XV-030": "no prices"}


class _CarelessTests(VenueConformance):
    bench = PlainBench
    exempt: ClassVar = {"XV-030": ""}


class _FailingTests(VenueConformance):
    bench = bench_of(_Silent)


def test_a_case_that_passes_is_a_test_that_passes() -> None:
    _Tests().test_case(CASES["XV-030"])


def test_an_exemption_is_a_skip_with_its_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="XV-030 exempt: no prices"):
        _ExemptTests().test_case(CASES["XV-030"])


def test_what_does_not_apply_is_a_skip_with_its_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="final_at_once"):
        _Tests().test_case(CASES["XV-135"])


def test_an_empty_reason_is_an_error() -> None:
    with pytest.raises(ValueError, match="a reason"):
        _CarelessTests().test_case(CASES["XV-220"])


def test_a_failure_tells_the_case_and_what_was_found() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"(?s)XV-050 .*Given .*cannot place"):
        _FailingTests().test_case(CASES["XV-050"])


# -- Around it -----------------------------------------------------------------------------------


def test_how_an_order_is_placed_is_learnt_from_the_wire() -> None:
    pattern = kit.learn_placing(PlainBench)

    assert pattern is not None
    assert (pattern.method, pattern.parts) == ("POST", ("", "orders"))


def test_how_an_order_is_placed_is_not_learnt_from_a_venue_that_places_none() -> None:
    assert kit.learn_placing(bench_of(_Silent)) is None

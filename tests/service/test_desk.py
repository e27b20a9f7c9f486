"""
What one round of the desk decides, without a store, a loop or a venue.
"""

from decimal import Decimal

import msgspec
import pytest

from tests.service.world import World, opportunity
from xarb_runtime.domain.events import ORDER_REPORT
from xarb_runtime.domain.opportunity import Limits
from xarb_runtime.domain.steps import Outcome, Status
from xarb_runtime.service.book import SUPERVISOR
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.settings_model import KpiSettings
from xarb_runtime.store.batch import Closure


def kinds(world: World) -> list[str]:
    return [incident.kind for incident in world.desk.register.all]


def test_the_straight_way_completes_and_leaves_nothing_behind() -> None:
    world = World()

    world.complete()

    snapshot = world.desk.book.get("x-1")
    assert snapshot is not None
    assert snapshot.leaves == ("completed",)
    assert Status.FINAL is snapshot.status
    assert snapshot.timers == ()
    assert world.desk.book.in_flight == 0
    assert world.desk.book.open_stake == 0


def test_an_order_goes_to_the_dispatcher_and_its_timer_is_armed_in_the_same_round() -> None:
    world = World()

    work = world.admit()

    assert [command.name for command in work.commands] == ["place"]
    assert [arming.timer.id for arming in work.armed] == ["ttl_leg_a"]
    assert work.batch.steps == work.steps


def test_a_round_ends_with_the_order_that_fills_it_and_leaves_the_rest_for_the_next() -> None:
    world = World()
    opportunities = [world.arrival(name) for name in "12345"]

    first = world.desk.work(opportunities, set(), orders=2)
    second = world.desk.work(first.left, set(), orders=2)
    third = world.desk.work(second.left, set(), orders=2)

    assert [[it.key.split(":")[0] for it in work.commands] for work in (first, second, third)] == [
        ["x-1", "x-2"],
        ["x-3", "x-4"],
        ["x-5"],
    ]
    assert first.left == opportunities[2:]
    assert [each for each, _ in first.settled] == opportunities[:2]
    assert third.left == []


def test_what_a_full_round_has_caused_is_in_its_commit() -> None:
    """A pause that an incident calls for must not wait behind what arrived."""
    world = World()
    world.admit("1")
    late = Delivery(event=world.event(ORDER_REPORT, "x-gone", "venue:sx", client_id="?"))
    work = world.desk.work([late, world.arrival("2"), late], set(), orders=1)

    assert work.left == [late]
    assert work.batch.incidents
    assert world.desk.level == "paused"


def test_the_same_message_twice_is_one_step_and_both_are_acknowledged() -> None:
    world = World()
    event = world.event("opportunity.detected", source="bus:engine", opportunity=opportunity())

    work = world.deliver(Delivery(event=event, message=True), Delivery(event=event, message=True))

    assert len(work.steps) == 1
    assert len(work.settled) == 2


def test_a_message_that_the_journal_has_seen_makes_no_step() -> None:
    world = World()
    event = world.event("opportunity.detected", source="bus:engine", opportunity=opportunity())

    work = world.deliver(Delivery(event=event, message=True), seen={(event.source, event.id)})

    assert work.steps == []


def test_the_same_opportunity_in_another_message_is_rejected_as_a_duplicate() -> None:
    world = World()
    world.admit("7")

    work = world.admit("7")

    after = work.steps[0].after
    assert after.leaves == ("rejected",)
    assert msgspec.json.decode(after.context)["reason"] == "duplicate"
    assert world.leaves("x-7") == ("a_placing",)


@pytest.mark.parametrize(
    ("word", "level"),
    [("pause", "paused"), ("reduce", "reduced"), ("halt", "halted"), ("stop", "stopped")],
)
def test_nothing_is_admitted_at_any_level_but_running(word: str, level: str) -> None:
    world = World()
    world.say(f"operator.{word}", SUPERVISOR, "operator:ann")

    work = world.admit()

    assert level == world.desk.level
    assert work.steps[0].after.leaves == ("rejected",)
    assert work.commands == []


def test_a_pause_reaches_an_order_that_may_still_be_called_back() -> None:
    world = World()
    world.admit()

    work = world.say("operator.pause", SUPERVISOR, "operator:ann")

    assert world.leaves() == ("a_cancelling",)
    assert [command.name for command in work.commands] == ["cancel"]
    assert len(work.batch.steps) == 2


def test_a_pause_leaves_leg_b_alone() -> None:
    world = World()
    world.admit()
    world.report(world.work.commands[0])
    world.quote()

    world.say("operator.pause", SUPERVISOR, "operator:ann")

    assert world.leaves() == ("b_placing",)


def test_a_safe_stop_waits_for_executions_in_flight() -> None:
    world = World()
    world.admit()
    world.report(world.work.commands[0])
    world.quote()
    place = world.work.commands[0]

    world.say("operator.stop", SUPERVISOR, "operator:ann")
    level_before = world.desk.level
    work = world.report(place)

    assert level_before == "stopping"
    assert world.desk.level == "stopped"
    assert work.stopped


def test_a_fault_takes_the_execution_out_of_service_and_calls_a_person() -> None:
    world = World()
    world.admit()
    command = world.work.commands[0]

    work = world.report(command, filled="many")

    snapshot = world.desk.book.get("x-1")
    assert snapshot is not None
    assert Outcome.FAILED is work.steps[0].outcome
    assert Status.QUARANTINED is snapshot.status
    assert kinds(world) == ["fault"]
    assert world.desk.level == "paused"


def test_a_report_about_an_order_that_is_not_ours_is_an_incident() -> None:
    world = World()

    work = world.say("order.report", "x-404", "venue:sx", client_id="x-404:1:0")

    assert [row.outcome for row in work.batch.events] == ["orphan"]
    assert kinds(world) == ["orphan_order"]


def test_an_old_report_of_a_running_execution_is_not_written_again() -> None:
    world = World()
    world.admit()
    command = world.work.commands[0]
    world.report(command, "open", sequence=5, final=False)

    older = world.report(command, "open", sequence=4, final=False)
    again = world.report(command, "open", sequence=5, final=False)

    assert Outcome.STALE is older.steps[0].outcome
    assert older.batch.steps == []
    assert again.steps == []


def test_a_report_that_ends_an_execution_and_comes_twice_in_one_round_is_one_step() -> None:
    """After a restart a venue repeats everything it ever said."""
    world = World()
    world.admit()
    command = world.work.commands[0]
    data = {"client_id": command.key, "sequence": 1, "time_ms": 1, "status": "refused"}
    event = world.event("order.report", "x-1", "venue:sx", **data)

    work = world.deliver(Delivery(event=event), Delivery(event=event))

    assert len(work.batch.steps) == 1


def test_the_journal_is_asked_about_reports_of_an_earlier_life() -> None:
    world, other = World(), World()
    world.admit()
    command = world.work.commands[0]
    snapshot = world.desk.book.get("x-1")
    assert snapshot is not None
    other.desk.recall(snapshot)
    event = world.event("order.report", "x-1", "venue:sx", client_id=command.key)

    assert not world.desk.may_repeat(Delivery(event=event))
    assert other.desk.may_repeat(Delivery(event=event))


def test_a_bad_fill_ratio_pauses_in_the_commit_of_the_trade_that_broke_it() -> None:
    world = World(kpi=KpiSettings(window=3, min_sample=3))
    for name in ("1", "2", "3"):
        world.admit(name)
        work = world.report(world.work.commands[0], "refused")

    assert world.desk.level == "paused"
    assert [incident.kind for incident in work.batch.incidents] == ["auto_pause"]
    assert [step.event.type for step in work.batch.steps] == ["order.report", "kpi.breach"]


def test_a_resume_lets_the_windows_begin_anew() -> None:
    world = World(kpi=KpiSettings(window=1, min_sample=1))
    world.admit()
    world.report(world.work.commands[0], "refused")

    world.say("operator.resume", SUPERVISOR, "operator:ann")

    assert world.desk.level == "running"
    assert world.desk.windows.figures() == []


def test_five_failed_calls_degrade_and_the_venue_s_return_ends_it() -> None:
    world = World()
    limits = {"max_failures": 5, "max_missed": 3, "probe_after": "10s", "probe_ok": 1}
    for _ in range(5):
        world.say("call.failed", "venue:sx", "runtime", reason="no route", limits=limits)
    degraded = world.desk.level
    timer = world.work.armed[0].timer
    world.now_ms = timer.due_ms
    world.say("probe.due", "venue:sx", "timer", timer=timer.id, armed_seq=timer.armed_seq)

    world.say("heartbeat.ok", "venue:sx", "runtime")

    assert degraded == "degraded"
    assert world.desk.level == "running"
    assert world.desk.levels.is_up("sx")


def test_risk_limits_count_what_is_in_flight() -> None:
    world = World(limits=Limits(max_open_stake=Decimal(150)))
    world.admit("1")

    work = world.admit("2")

    assert Decimal(100) == world.desk.book.open_stake
    assert msgspec.json.decode(work.steps[0].after.context)["reason"] == "risk_limit"


def test_an_incident_is_closed_once() -> None:
    world = World()
    world.say("order.report", "x-404", "venue:sx", client_id="x-404:1:0")
    (incident,) = world.desk.register.all
    closure = Closure(id=incident.id, closed_ms=1, closed_by="operator:ann")

    first = world.deliver(Delivery(closure=closure))
    second = world.deliver(Delivery(closure=closure))

    assert [closure] == first.batch.closures
    assert second.batch.closures == []


def test_a_quarantined_execution_has_no_timers_left_to_fire() -> None:
    world = World()
    world.admit()

    work = world.report(world.work.commands[0], filled="many")

    assert work.steps[0].after.timers == ()
    assert [timer.id for timer in work.steps[0].cancelled] == ["ttl_leg_a"]


def test_an_orphan_that_is_reported_again_after_its_incident_was_closed_is_told_again() -> None:
    world = World()
    identities: list[str] = []
    for sequence in (1, 2):
        data = {"client_id": "x-404:1:0", "sequence": sequence}
        work = world.say("order.report", "x-404", "venue:sx", **data)
        (incident,) = world.desk.register.all
        identities += [incident.id, work.batch.steps[0].event.id]
        closure = Closure(id=incident.id, closed_ms=1, closed_by="operator:ann")
        world.deliver(Delivery(closure=closure))

    assert len(set(identities)) == 4


def test_the_same_trade_may_break_its_window_twice() -> None:
    """A reversal counts a trade again, after a person has resumed."""
    world = World(kpi=KpiSettings(window=1, min_sample=1))
    world.admit()
    command = world.work.commands[0]
    first = world.report(command, "refused")
    world.now_ms += 1
    world.say("operator.resume", SUPERVISOR, "operator:ann")
    again = world.report(command, "filled", filled="1", odds="2")
    words = [
        step.event.id
        for work in (first, again)
        for step in work.steps
        if step.event.type == "kpi.breach"
    ]

    assert len(words) == len(set(words))


def test_a_duplicate_never_takes_another_executions_place() -> None:
    world = World()
    world.admit("1~e9")
    world.admit("1")
    event = world.event("opportunity.detected", "x-1", "bus:engine", opportunity=opportunity("1"))

    world.deliver(Delivery(event=msgspec.structs.replace(event, id="e9"), message=True))

    assert world.leaves("x-1~e9") == ("a_placing",)


def test_a_word_about_an_order_never_reaches_the_supervisor() -> None:
    world = World()

    world.say("order.report", SUPERVISOR, "venue:sx", client_id="supervisor:1:0", reason=7)

    assert kinds(world) == ["orphan_order"]
    assert world.desk.book.get(SUPERVISOR) is not None
    assert world.desk.level == "paused"


def test_a_resume_into_degraded_lets_the_windows_begin_anew() -> None:
    world = World(kpi=KpiSettings(window=1, min_sample=1))
    world.admit()
    world.report(world.work.commands[0], "refused")
    world.say("venue.down", SUPERVISOR, "runtime", venue="azuro", reason="no route")
    world.now_ms += 1

    world.say("operator.resume", SUPERVISOR, "operator:ann")

    assert world.desk.level == "degraded"
    assert world.desk.windows.figures() == []


def test_an_order_that_was_never_sent_says_nothing_about_its_venue() -> None:
    world = World(kpi=KpiSettings(window=1, min_sample=1))
    world.admit()
    key = world.work.commands[0].key

    world.say("order.refused", "x-1", "runtime", client_id=key, code="PAUSED", reason="not sent")

    assert world.leaves() == ("aborted",)
    assert world.desk.windows.figures() == []


def test_an_acknowledgement_is_no_acceptance() -> None:
    world = World()
    world.admit()
    command = world.work.commands[0]
    world.now_ms += 100
    world.report(command, "open", final=False)
    world.now_ms += 400

    work = world.report(command)

    assert [trade.accept_ms for trade in work.batch.trades] == [500]

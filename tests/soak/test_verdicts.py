"""
Every law of the verdict holds for good evidence, and each can be broken.

A law that no evidence breaks would say nothing: the last test looks for one.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from tests.soak.evidence import (
    Ended,
    Evidence,
    Execution,
    Heard,
    Order,
    Placed,
    Received,
    Sent,
)
from tests.soak.messages import FORGED, FUTURE, MALFORMED, OLD, OPPORTUNITY, STRAY, TWIN, WORD
from tests.soak.verdicts import LAWS, TOLD, verdict

Change = Callable[[Evidence], None]


def sent(kind: str, identity: str, opportunity: str = "", confirmed: int = 1) -> Sent:
    return Sent(
        kind=kind,
        id=identity,
        opportunity=opportunity,
        digest=f"d:{identity}",
        times=1,
        confirmed=confirmed,
    )


def order(client_id: str, venue: str, wins: str, **other: object) -> Order:
    facts = {"calls": 1, "filled": Decimal(10), "odds": Decimal("2.1"), **other}
    return Order(client_id=client_id, venue=venue, wins=(wins,), **facts)


def heard(execution: str, seq: int, digest: str = "d") -> Heard:
    kind = "execution.transition" if seq else "execution.completed"
    identity = f"{execution}:{seq or 'completed'}"
    return Heard(id=identity, type=kind, execution=execution, seq=seq, digest=digest)


def good() -> Evidence:
    """One of everything: executed, rejected, twin, too old, early, malformed, forged, stray."""
    messages = [
        sent(OPPORTUNITY, "o1", "s1"),
        sent(OPPORTUNITY, "o2", "s2"),
        sent(TWIN, "t1", "s1"),
        sent(OLD, "ot1", "old-1"),
        sent(FUTURE, "ft1", "future-1"),
        sent(MALFORMED, "m1"),
        sent(FORGED, "f1"),
        sent(STRAY, "y1"),
        sent(WORD, "w1"),
    ]
    done, refused = "x-s1", "x-s2"
    twin = "x-s1!bus:soak!t1"
    return Evidence(
        sent={message.id: message for message in messages},
        received=[
            Received(id="o1", execution=done, outcome="moved"),
            Received(id="o2", execution=refused, outcome="moved"),
            Received(id="t1", execution=twin, outcome="moved"),
            Received(id="ot1", execution="x-old-1", outcome="too_old"),
            Received(id="ft1", execution="x-future-1", outcome="from_the_future"),
            Received(id="w1", execution="supervisor", outcome="moved"),
        ],
        executions={
            done: Execution(status="final", state="completed", reason="", seq=2),
            refused: Execution(status="final", state="rejected", reason="paused", seq=1),
            twin: Execution(status="final", state="rejected", reason="duplicate", seq=1),
        },
        dead_letters=["d:m1", "d:f1"],
        dead=["d:y1"],
        left={"xarb.opportunities": 0},
        placed={
            "x-s1:1:0": Placed(execution=done, venue="sx", reduces=False),
            "x-s1:2:0": Placed(execution=done, venue="azuro", reduces=True),
        },
        orders=[order("x-s1:1:0", "sx", "over"), order("x-s1:2:0", "azuro", "under")],
        turned_away={"x-s9:1:0": 1},
        heard=[
            heard(done, 1),
            heard(refused, 1),
            heard(refused, 0),
            heard(done, 2),
            heard(done, 2),
            heard(twin, 1),
            heard(twin, 0),
            heard(done, 0),
        ],
        lives=[Ended(code=-9, wanted=(-9,)), Ended(code=0, wanted=(0,))],
        words={"bus:soak": 1},
    )


def test_good_evidence_has_no_problem() -> None:
    assert verdict(good()) == []


def drop_row(identity: str) -> Change:
    def change(e: Evidence) -> None:
        e.received = [row for row in e.received if row.id != identity]

    return change


def end_in(execution: str, **facts: object) -> Change:
    def change(e: Evidence) -> None:
        e.executions[execution] = msgspec.structs.replace(e.executions[execution], **facts)

    return change


def redo(number: int, **facts: object) -> Change:
    def change(e: Evidence) -> None:
        e.orders[number] = msgspec.structs.replace(e.orders[number], **facts)

    return change


def hear(*messages: Heard) -> Change:
    return lambda e: setattr(e, "heard", list(messages))


def both_dead_and_done(e: Evidence) -> None:
    e.dead_letters.append("d:o1")


def in_the_inbox_twice(e: Evidence) -> None:
    e.received.append(Received(id="o1", execution="x-s1", outcome="moved"))


def twin_executed(e: Evidence) -> None:
    end_in("x-s1!bus:soak!t1", state="completed", reason="")(e)


def execution_missing(e: Evidence) -> None:
    del e.executions["x-s1"]


def unread_where_it_can_be_read(e: Evidence) -> None:
    e.dead_letters.remove("d:m1")
    e.received.append(Received(id="m1", execution="x-m1", outcome="moved"))


def stray_is_gone(e: Evidence) -> None:
    e.dead.clear()
    e.dead_letters.append("d:y1")


def old_is_executed(e: Evidence) -> None:
    e.received[3] = Received(id="ot1", execution="x-old-1", outcome="moved")


def strange_row(e: Evidence) -> None:
    e.received.append(Received(id="o9", execution="x-s1", outcome="moved"))


def strange_execution(e: Evidence) -> None:
    e.executions["x-s9"] = e.executions["x-s2"]


def leg_twice(e: Evidence) -> None:
    e.placed["x-s1:3:0"] = e.placed["x-s1:1:0"]
    e.orders.append(order("x-s1:3:0", "sx", "over"))


BROKEN: list[tuple[str, Change, str]] = [
    ("every_message_is_accounted_for_once", drop_row("o2"), "opportunity o2 is nowhere"),
    ("every_message_is_accounted_for_once", both_dead_and_done, "o1 is in the inbox (1) and among"),
    ("every_message_is_accounted_for_once", in_the_inbox_twice, "o1 is in the inbox 2 times"),
    ("every_message_is_where_it_belongs", unread_where_it_can_be_read, "m1 is no dead letter"),
    ("every_message_is_where_it_belongs", stray_is_gone, "y1 is not in the broker's"),
    ("every_message_is_where_it_belongs", old_is_executed, "ot1: expected too_old, found moved"),
    ("every_message_is_where_it_belongs", both_dead_and_done, "o1 is a dead letter, and nothing"),
    (
        "every_opportunity_has_one_execution",
        twin_executed,
        "s1: expected one execution, found ['x-s",
    ),
    (
        "every_opportunity_has_one_execution",
        execution_missing,
        "names execution x-s1, there is none",
    ),
    (
        "every_opportunity_has_one_execution",
        end_in("x-s1", reason="duplicate", state="rejected"),
        "s1: expected one execution, found only duplicates",
    ),
    (
        "every_opportunity_has_one_execution",
        end_in("x-s1!bus:soak!t1", state="completed"),
        "expected a duplicate to be rejected, found completed",
    ),
    ("every_execution_has_ended", end_in("x-s1", status="running"), "x-s1 is running in completed"),
    ("every_execution_has_ended", end_in("x-s1", state="exposed"), "x-s1 is final in exposed"),
    ("every_execution_has_ended", end_in("x-s2", reason=""), "x-s2 was rejected without a reason"),
    ("nothing_is_executed_that_nobody_sent", strange_row, "the inbox has o9, nobody sent it"),
    ("nothing_is_executed_that_nobody_sent", strange_execution, "x-s9 has no message"),
    ("nothing_confirmed_is_lost", drop_row("o1"), "o1 was confirmed 1 times and is gone"),
    ("nothing_waits", lambda e: e.left.update({"q": 3}), "3 messages are left in q"),
    ("nothing_waits", lambda e: setattr(e, "outbox", 2), "2 rows are left in the outbox"),
    ("no_order_is_placed_twice", redo(0, calls=2), "x-s1:1:0 was sent to sx 2 times"),
    ("no_order_is_placed_twice", lambda e: e.placed.clear(), "the journal does not know it"),
    ("no_order_is_placed_twice", leg_twice, "x-s1: leg A was placed 2 times"),
    (
        "no_order_is_placed_twice",
        lambda e: e.turned_away.update({"x-s9:1:0": 2}),
        "x-s9:1:0 was turned away and sent 2 times",
    ),
    ("every_position_is_owned", redo(1, filled=Decimal(0)), "x-s1 (completed) is exposed without"),
    ("every_position_is_owned", end_in("x-s1", state="rejected"), "x-s1 was rejected and has ord"),
    ("every_position_is_owned", end_in("x-s1", state="aborted"), "x-s1 was aborted and owns"),
    ("every_position_is_owned", execution_missing, "x-s1 has orders and is not in the journal"),
    ("every_step_is_heard_in_order", end_in("x-s1", seq=3), "1 to 3 in order, found [1, 2]"),
    (
        "every_step_is_heard_in_order",
        hear(heard("x-s1", 2), heard("x-s1", 1)),
        "x-s1: expected transitions 1 to 2 in order, found [2, 1]",
    ),
    ("every_step_is_heard_in_order", execution_missing, "x-s1 was heard of and is not in"),
    (
        "every_end_is_heard_once",
        hear(heard("x-s1", 1)),
        "expected one execution.completed, found 0",
    ),
    (
        "every_end_is_heard_once",
        lambda e: e.heard.append(msgspec.structs.replace(heard("x-s1", 0), id="other")),
        "x-s1 has ended: expected one execution.completed, found 2",
    ),
    ("every_end_is_heard_once", end_in("x-s1", status="running"), "has not ended, and its end was"),
    (
        "every_end_is_heard_once",
        hear(heard("x-s1", 1), heard("x-s1", 0), heard("x-s1", 2)),
        "x-s1: its end was heard before its last transition",
    ),
    (
        "every_id_is_one_body",
        lambda e: e.heard.append(heard("x-s1", 2, digest="other")),
        "x-s1:2 was heard with two bodies",
    ),
    (
        "every_id_is_one_body",
        lambda e: e.heard.append(msgspec.structs.replace(heard("x-s1", 2), type="")),
        "a message cannot be read",
    ),
    (
        "the_runtime_ends_only_when_it_is_told",
        lambda e: e.lives.append(Ended(code=1, wanted=(-9,), tail="Traceback")),
        "life 3: expected exit code (-9,), found 1\nTraceback",
    ),
    ("only_signed_words_are_obeyed", lambda e: e.words.update({"bus:soak": 2}), "found 2"),
    ("only_signed_words_are_obeyed", lambda e: e.words.clear(), "expected 1 words of bus:soak"),
]


@pytest.mark.parametrize(
    ("law", "change", "problem"), BROKEN, ids=lambda it: getattr(it, "__name__", it)[:40]
)
def test_broken_evidence_is_found(law: str, change: Change, problem: str) -> None:
    evidence = good()
    change(evidence)

    found = [text for text in verdict(evidence) if text.startswith(f"{law.replace('_', ' ')}: ")]
    assert any(problem in text for text in found), found


def test_an_exposed_execution_with_an_incident_is_accounted_for() -> None:
    evidence = good()
    redo(1, filled=Decimal(0))(evidence)
    evidence.incidents.add("x-s1")

    assert verdict(evidence) == []


def test_a_message_that_was_never_confirmed_is_not_lost_but_must_be_somewhere() -> None:
    evidence = good()
    drop_row("o2")(evidence)
    evidence.sent["o2"].confirmed = 0

    laws = {text.partition(":")[0] for text in verdict(evidence)}
    assert "nothing confirmed is lost" not in laws
    assert "every message is accounted for once" in laws


def test_a_malformed_message_may_be_written_down_twice() -> None:
    evidence = good()
    evidence.dead_letters.append("d:m1")

    assert verdict(evidence) == []


def test_of_very_many_problems_the_first_are_told_and_the_others_counted() -> None:
    evidence = good()
    evidence.left = {f"q{number}": 1 for number in range(TOLD + 5)}

    problems = verdict(evidence)
    assert len(problems) == TOLD + 1
    assert problems[-1] == "nothing waits: and 5 more"


def test_each_law_can_be_broken() -> None:
    assert {law.__name__ for law in LAWS} == {name for name, _, _ in BROKEN}

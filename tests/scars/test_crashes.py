"""
Scars 1, 2, 5, 6, 7 and 12: whoever dies, sleeps or is cut off, nothing is lost and nothing is done
twice.
"""

import time
from collections.abc import Callable

import pytest

from tests.scars.launch import DIES_AT_ACKNOWLEDGE, DIES_OF_POISON, POISON
from tests.scars.site import Site, names
from tests.servers.rabbitmq import Broker
from tests.soak.processes import KILLED, Runtime
from tests.store.world import ServerStore

MakeSite = Callable[..., Site]

pytestmark = pytest.mark.timeout(240)


def freeze_between_commits(place: Site, runtime: Runtime) -> None:
    """
    Stop it; inside a commit it would keep an SQLite file's lock for as long as it sleeps, and
    PostgreSQL would end its transaction.
    """
    runtime.freeze()
    while place.store.is_inside_a_commit():
        runtime.thaw()
        time.sleep(0.01)
        runtime.freeze()


def once_each(place: Site, wanted: list[str]) -> None:
    """Everything is in the journal once, has ended, and no order was sent twice."""
    executions = {f"x-{name}" for name in wanted}
    inbox = [it for (it,) in place.rows("SELECT execution FROM events WHERE source = 'bus:soak'")]
    assert sorted(inbox) == sorted(executions)
    assert set(place.ended()) == executions
    sent = place.orders(wanted)
    assert {calls for each in sent.values() for calls in each} <= {1}, sent


def until_dead(site: Site, runtime: Runtime) -> None:
    site.until(lambda: not runtime.running, "the runtime to die", runtime)
    runtime.bury()


def test_01_killed_between_commit_and_acknowledge_it_has_one_effect(
    broker: Broker, site: MakeSite
) -> None:
    place = site(broker.url)
    wanted = names("acknowledge", 1)
    first = place.runtime(DIES_AT_ACKNOWLEDGE)
    first.start()
    place.publish(wanted)
    until_dead(place, first)
    assert place.rows("SELECT outcome FROM events WHERE source = 'bus:soak'") == [("moved",)]

    second = place.runtime()
    second.start()
    place.until_ended(wanted, second)
    place.until(lambda: state(second)["redelivered"] == 1, "the message to come again", second)
    second.stop()

    assert [life.code for life in first.lives] == [KILLED]
    once_each(place, wanted)
    place.until_empty("opportunities", second)


def state(runtime: Runtime) -> dict[str, int]:
    """What the bus says of itself in the status."""
    status, found = runtime.call("GET", "/status")
    unknown = {"redelivered": -1}
    return found.get("line", unknown) if status == 200 else unknown


def test_02_killed_between_sending_and_the_answer_the_venue_says_what_became_of_it(
    broker: Broker, site: MakeSite
) -> None:
    place = site(broker.url)
    wanted = names("sent", 1)
    runtime = place.runtime()
    runtime.start(kill_at="after_wire:place:1")
    place.publish(wanted)
    until_dead(place, runtime)
    assert place.orders(wanted) == {f"x-{wanted[0]}": [1]}, "it was sent before the runtime died"

    runtime.start()
    place.until_ended(wanted, runtime)
    runtime.stop()

    count = "SELECT count(*) FROM "
    doubted = f"{count} events WHERE type = 'order.unknown' AND outcome = 'moved'"
    asked = f"{count} commands WHERE name = 'find'"
    # The venue may tell of its own accord before anybody doubts; whoever doubts asks.
    assert (place.rows(asked) != [(0,)]) == (place.rows(doubted) != [(0,)])
    told = f"{count} events WHERE source = 'venue:sx' AND outcome = 'moved'"
    assert place.rows(told) != [(0,)]
    once_each(place, wanted)


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_05_a_message_that_kills_the_process_ends_as_a_dead_one_and_others_flow(
    broker: Broker, site: MakeSite
) -> None:
    """The broker counts: it is the same on every store."""
    place = site(broker.url, options={"delivery_limit": 2})
    poison = f"{POISON.decode()}-{names('p', 1)[0]}"
    before, after = names("before", 3), names("after", 8)
    runtime = place.runtime(DIES_OF_POISON)
    runtime.start()
    place.publish([*before, poison, *after])

    lives = 1
    while place.waiting("dead") < 1:
        assert lives < 12, f"the message was not given up\n{runtime.tail()}"
        if runtime.bury():
            lives += 1
            runtime.start()
        time.sleep(0.2)
    if runtime.bury():
        runtime.start()
    place.until_ended([*before, *after], runtime)
    runtime.stop()

    assert {life.code for life in runtime.lives[:-1]} == {KILLED}
    assert place.waiting("dead") == 1, "only the poison is dead"
    assert f"x-{poison}" not in place.ended()
    once_each(place, [*before, *after])


def test_06_and_07_a_runtime_that_slept_through_its_lease_is_refused_by_the_token(
    broker: Broker, site: MakeSite
) -> None:
    """
    The first one has work in hand when it is stopped; the second one takes the store and the work.

    A paused process and a consumer that is handed over are one and the same here: when the first
    one wakes up it believes in its lease, and the epoch in its commit is an old one.
    """
    place = site(broker.url, in_flight=10, sections={"store": {"lease": "1s"}})
    early, late = names("early", 20), names("late", 20)
    first, second = place.runtime(), place.runtime()
    first.start()
    place.publish(early)
    place.until(lambda: len(place.ended()) > 2, "work in hand", first)
    freeze_between_commits(place, first)
    second.start()
    place.until_up(second)
    place.publish(late)
    # The broker keeps what the first one has until it believes that it is gone.
    place.until_ended(late, second)
    first.thaw()
    place.until(lambda: not first.running, "the first one to see that it was replaced", first)
    place.until_ended([*early, *late], second)
    epochs = place.rows("SELECT epoch FROM lease")
    second.stop()

    assert first.bury()
    (life,) = first.lives
    assert life.code == 1
    assert "lease" in first.tail() or "epoch" in first.tail()
    assert epochs == [(2,)]
    once_each(place, [*early, *late])


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_12_a_holder_whose_backend_is_killed_stops_and_can_be_started_again(
    broker: Broker, site: MakeSite
) -> None:
    place = site(broker.url, in_flight=10)
    wanted = names("backend", 30)
    runtime = place.runtime()
    runtime.start()
    place.publish(wanted)
    place.until(lambda: len(place.ended()) > 2, "work in hand", runtime)
    store = place.store
    assert isinstance(store, ServerStore)
    store.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE usename = 'xarb' AND datname = '{store.database}'"
    )

    place.until(lambda: not runtime.running, "the runtime to stop", runtime)
    runtime.bury()
    assert [life.code for life in runtime.lives] == [1]
    runtime.start()
    place.until_ended(wanted, runtime)
    runtime.stop()
    once_each(place, wanted)

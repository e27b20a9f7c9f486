"""What the meter counts of what the runtime does."""

from decimal import Decimal

import pytest

from tests.ops.scraped import Scrape, scraped
from tests.service.world import World, charts
from xarb_runtime.domain.context import Context
from xarb_runtime.domain.ledger import LineStatus
from xarb_runtime.domain.orders import OrderReport
from xarb_runtime.domain.steps import Command
from xarb_runtime.ops.careful import Careful
from xarb_runtime.ops.commands import venue_of
from xarb_runtime.ops.metrics.letters import CLASSES, reason_class
from xarb_runtime.ops.metrics.meter import ORDERS_KEPT, Meter
from xarb_runtime.ops.metrics.model import MOST_VALUES, OTHER
from xarb_runtime.ops.metrics.registry import Collectors
from xarb_runtime.ops.metrics.worth import Worth, worth_of
from xarb_runtime.plugins.contracts import BusMessage
from xarb_runtime.service.instruments import Instruments, Several
from xarb_runtime.service.work import Work
from xarb_runtime.store.batch import Batch, DeadLetter, Trade

MESSAGE = BusMessage(body=b"", token=None)
ANSWER = OrderReport.__name__


class Measured(World):
    """A desk whose work is measured."""

    def __init__(self) -> None:
        super().__init__()
        self.collectors = Collectors()
        self.meter = Meter(self.collectors)
        self.meter.context_of = lambda it: charts().of(it).decoder.decode(it.context)

    def deliver(self, *deliveries, **rest) -> Work:
        work = super().deliver(*deliveries, **rest)
        self.meter.observe(work)
        return work

    @property
    def scrape(self) -> Scrape:
        return scraped(self.collectors)


@pytest.fixture
def world() -> Measured:
    return Measured()


def trade(client_id: str = "x-1:1:0", **changes: object) -> Trade:
    facts = {
        "client_id": client_id,
        "execution": "x-1",
        "venue": "sx",
        "slot": "leg_a",
        "strategy": "",
        "stake": Decimal(100),
        "filled": Decimal(60),
        "status": LineStatus.CANCELLED,
        "sent_ms": 0,
        "answered_ms": 300,
        "accept_ms": 300,
        "at_ms": 400,
    }
    return Trade(**{**facts, **changes})


# -- Executions ----------------------------------------------------------------------------------


def test_an_execution_that_goes_the_straight_way(world: Measured) -> None:
    world.admit()
    world.now_ms += 700
    world.report(world.work.commands[0])
    world.quote()
    world.now_ms += 800
    world.report(world.work.commands[0])
    scrape = world.scrape

    assert world.leaves() == ("completed",)
    assert scrape.value("xarb_executions_started_total") == 1
    assert scrape.value("xarb_executions_ended_total", state="completed", reason="") == 1
    assert scrape.value("xarb_orchestration_seconds_sum", state="completed") == 1.5
    assert scrape.value("xarb_executions_owning_total") == 1
    assert not scrape.seen("xarb_executions_rolled_back_total")
    assert scrape.value("xarb_accept_seconds_sum", venue="sx", slot="leg_a") == 0.7
    assert scrape.value("xarb_ended_filled_total", state="completed") > 200
    assert scrape.value("xarb_ended_profit_total", state="completed") > 0
    assert scrape.value("xarb_ended_loss_total", state="completed") == 0
    assert scrape.total("xarb_steps_total", chart="cross_venue", outcome="moved") == 4


def test_one_that_is_rejected_owns_nothing(world: Measured) -> None:
    world.admit(stake="1000000")
    scrape = world.scrape

    assert scrape.total("xarb_executions_ended_total", state="rejected") == 1
    assert scrape.seen("xarb_executions_ended_total", reason="stake_limits")
    assert scrape.value("xarb_executions_owning_total") == 0
    assert not scrape.seen("xarb_ended_filled_total")


def test_one_that_has_to_hedge_is_rolled_back(world: Measured) -> None:
    world.admit()
    world.report(world.work.commands[0])
    world.quote()
    world.report(world.work.commands[0], "refused")
    (plan,) = world.work.commands
    data = {
        "strategy": plan.params["strategy"],
        "selection": {"venue": "sx", "market": "m", "outcome": "under", "wins": ["under"]},
        "stake": "108",
        "odds": "1.9",
        "fee": "0",
        "worst_case": "-10",
    }
    world.say("hedge.planned", "x-1", f"hedge:{plan.params['strategy']}", **data)
    world.report(world.work.commands[0])
    scrape = world.scrape
    (state,) = world.leaves()

    assert state in {"hedged", "unwound"}
    assert scrape.value("xarb_executions_rolled_back_total", state=state) == 1
    assert scrape.value("xarb_executions_owning_total") == 1
    assert scrape.total("xarb_ended_loss_total") + scrape.total("xarb_ended_profit_total") > 0


def test_one_that_began_in_an_earlier_life_is_timed_from_there(world: Measured) -> None:
    world.admit()
    world.report(world.work.commands[0])
    world.quote()
    ordered = world.work.commands[0]
    world.collectors = Collectors()
    world.meter = Meter(world.collectors)
    world.meter.context_of = lambda it: charts().of(it).decoder.decode(it.context)
    world.meter.recall([("x-1", world.now_ms - 9_000), ("supervisor", 1)])
    world.report(ordered)
    scrape = world.scrape

    assert scrape.value("xarb_orchestration_seconds_sum", state="completed") == 9
    assert scrape.value("xarb_executions_owning_total") == 1
    assert scrape.value("xarb_executions_started_total") == 0


class Odd(Context):
    """A context of a plugin that uses our words for something else."""

    staked: str = "much"

    @property
    def worst(self) -> Decimal:
        raise LookupError


class Raising(Context):
    @property
    def staked(self) -> Decimal:
        raise LookupError


@pytest.mark.parametrize("context", [Odd(), Raising(), Context()])
def test_a_context_that_knows_no_money_is_worth_nothing(context: Context) -> None:
    assert worth_of(context) == Worth()


def test_nothing_is_remembered_of_what_has_ended(world: Measured) -> None:
    for number in range(5):
        world.admit(str(number), stake="1000000")

    assert world.meter._began_ms == {}


def test_a_fault_opens_an_incident_that_is_counted(world: Measured) -> None:
    world.admit()
    world.say("order.report", client_id="x-9:1:0", sequence="what")
    scrape = world.scrape

    assert scrape.total("xarb_incidents_opened_total", severity="critical") >= 1


# -- Orders --------------------------------------------------------------------------------------


def observed(*trades: Trade) -> Scrape:
    collectors = Collectors()
    meter = Meter(collectors)
    for each in trades:
        meter.observe(Work(batch=Batch(trades=[each])))
    return scraped(collectors)


def test_fill_ratio_is_a_pair_of_counters() -> None:
    scrape = observed(trade(), trade("x-2:1:0", filled=Decimal(0), accept_ms=None))
    where = {"venue": "sx", "slot": "leg_a"}

    assert scrape.value("xarb_order_stake_total", **where) == 200
    assert scrape.value("xarb_order_filled_total", **where) == 60
    assert scrape.value("xarb_orders_ended_total", **where, status="cancelled") == 2
    assert scrape.value("xarb_accept_seconds_count", **where) == 1
    assert not scrape.seen("xarb_order_taken_back_total")


def test_what_is_taken_back_is_counted_and_nothing_twice() -> None:
    back = {"status": LineStatus.REVERSED, "filled": Decimal(10)}
    scrape = observed(trade(), trade(**back))
    where = {"venue": "sx", "slot": "leg_a"}

    assert scrape.value("xarb_order_stake_total", **where) == 100
    assert scrape.value("xarb_order_filled_total", **where) == 60
    assert scrape.value("xarb_order_taken_back_total", **where) == 50
    assert scrape.value("xarb_orders_ended_total", **where, status="reversed") == 1
    assert scrape.value("xarb_accept_seconds_count", **where) == 1


def test_what_an_earlier_life_had_filled_counts_as_the_whole_stake() -> None:
    scrape = observed(trade(status=LineStatus.REVERSED, filled=Decimal(0)))

    assert scrape.value("xarb_order_taken_back_total", venue="sx", slot="leg_a") == 100
    assert not scrape.seen("xarb_order_stake_total")


def test_memory_of_orders_is_bounded() -> None:
    meter = Meter(Collectors())
    for number in range(ORDERS_KEPT + 10):
        meter.observe(Work(batch=Batch(trades=[trade(f"x-{number}:1:0")])))

    assert len(meter._filled) == ORDERS_KEPT


# -- Calls, messages, commits --------------------------------------------------------------------


def test_what_the_runtime_says_is_counted() -> None:
    collectors = Collectors()
    meter = Meter(collectors)
    place = Command("x-1:1:0", "venue", "place", {"selection": {"venue": "sx"}})
    meter.issued(place)
    meter.answered(place, "order.report", 0.25)
    meter.answered(Command("x-1:2:0", "bus", "publish", {}), "done", 0.1)
    meter.received(MESSAGE, "opportunity", 1_500)
    meter.received(MESSAGE, "from_the_future", -5_000)
    meter.received(MESSAGE, "malformed", None)
    meter.repeated("x-1")
    meter.committed(steps=3, rows=12, seconds=0.002)
    meter.fired("ttl_leg_a", 20)
    meter.published("execution.transition", "unroutable", 0.003)
    meter.lagged(0.004)
    meter.blocked()
    scrape = scraped(collectors)
    who = {"target": "venue", "name": "place", "venue": "sx"}

    assert scrape.value("xarb_commands_started_total", **who) == 1
    assert scrape.value("xarb_command_seconds_sum", **who, outcome="order.report") == 0.25
    assert scrape.seen("xarb_command_seconds_count", target="bus", venue="", outcome="done")
    assert scrape.value("xarb_message_age_seconds_sum", outcome="opportunity") == 1.5
    assert scrape.value("xarb_message_age_seconds_sum", outcome="from_the_future") == 0
    assert not scrape.seen("xarb_message_age_seconds_count", outcome="malformed")
    assert scrape.total("xarb_messages_total") == 3
    assert scrape.value("xarb_messages_repeated_total") == 1
    assert scrape.value("xarb_commit_steps_sum") == 3
    assert scrape.value("xarb_commit_rows_sum") == 12
    assert scrape.value("xarb_commit_seconds_sum") == 0.002
    assert scrape.value("xarb_timer_lag_seconds_sum") == 0.02
    kind = {"type": "execution.transition", "outcome": "unroutable"}
    assert scrape.value("xarb_published_total", **kind) == 1
    assert scrape.value("xarb_publish_seconds_count") == 1
    assert scrape.value("xarb_loop_lag_seconds_count") == 1
    assert scrape.value("xarb_loop_blocked_total") == 1


@pytest.mark.parametrize(
    ("params", "venue"),
    [
        ({"venue": "sx"}, "sx"),
        ({"selection": {"venue": "azuro"}}, "azuro"),
        ({"selection": "odd"}, ""),
        ({}, ""),
    ],
)
def test_the_venue_of_a_command(params: dict[str, object], venue: str) -> None:
    assert venue_of(Command("x:1:0", "venue", "find", params)) == venue


def test_a_label_takes_no_more_values_than_it_may() -> None:
    collectors = Collectors()
    for number in range(MOST_VALUES * 3):
        collectors.count("xarb_messages_total", f"made up {number}")
    scrape = scraped(collectors)

    assert len(list(scrape.of("xarb_messages_total"))) == MOST_VALUES + 1
    assert scrape.value("xarb_messages_total", outcome=OTHER) == 2 * MOST_VALUES


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("expected JSON, found at offset 1: Expecting property name", "json"),
        ("expected a JSON object, found an array", "json"),
        ("expected text in UTF-8, found other bytes at offset 3", "encoding"),
        ("expected at most 262144 bytes, found 300000", "size"),
        ("expected at most 32 levels, found more", "nesting"),
        ("specversion: expected '1.0', found '0.3'", "envelope"),
        (
            "time: expected a time since 1970, found '1960'; data: expected a JSON object",
            "envelope",
        ),
        ("expected type opportunity.detected, found 'order.report'", "type"),
        ("data.leg_a.selection.id: expected a value, found none", "data"),
        ("expected content type application/cloudevents+json, found text/plain", "content_type"),
        ("xarbsignature: expected a signature", "signature"),
        ("something new", "other"),
    ],
)
def test_a_dead_letter_has_a_class(reason: str, name: str) -> None:
    assert reason_class(reason) == name
    assert name in CLASSES


def test_dead_letters_are_counted_by_class() -> None:
    collectors = Collectors()
    letter = DeadLetter(received_ms=1, source="bus", reason="expected JSON, found", body=b"{")
    Meter(collectors).observe(Work(batch=Batch(dead_letters=[letter])))

    assert scraped(collectors).value("xarb_dead_letters_total", reason="json") == 1


# -- Never in the way ----------------------------------------------------------------------------


class Broken(Instruments):
    def repeated(self, execution: str) -> None:
        raise KeyError(execution)


def test_an_error_in_a_figure_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[Work] = []

    def observe(work: Work) -> None:
        calls.append(work)
        raise RuntimeError

    careful = Careful(Broken(), observe)
    careful.repeated("x-1")
    careful.observe(Work())
    careful.observe(Work())

    assert len(calls) == 2


HOOKS = {name for name in vars(Instruments) if not name.startswith("_")}


@pytest.mark.parametrize("kind", [Careful, Several])
def test_nothing_that_the_runtime_says_gets_lost(kind: type[Instruments]) -> None:
    assert set(vars(kind)) >= HOOKS


def test_everything_that_the_runtime_says_is_counted() -> None:
    assert set(vars(Meter)) >= HOOKS - {"traceparent"}

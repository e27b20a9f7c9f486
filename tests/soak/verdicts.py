"""
The verdict of a soak: each law is a function that looks at the evidence and says what is wrong.

Nothing here waits, reads a file or talks to anybody, so that each law can be shown broken evidence.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal

from tests.soak.evidence import Evidence, Order, Placed
from tests.soak.messages import (
    FORGED,
    FUTURE,
    MALFORMED,
    OLD,
    OPPORTUNITY,
    STRAY,
    TWIN,
    WORD,
)

#: What an execution may end in.
ENDS = frozenset({"completed", "hedged", "unwound", "closed", "aborted", "rejected"})
#: The largest loss of a covered position, as a share of what is staked (`limits.max_loss_unwind`).
MAX_LOSS = Decimal("0.15")
#: So many problems of one law are told.
TOLD = 20

Law = Callable[[Evidence], Iterator[str]]


def verdict(evidence: Evidence) -> list[str]:
    """Return everything that is wrong, each problem with the name of its law."""
    problems: list[str] = []
    for law in LAWS:
        found = list(law(evidence))
        name = law.__name__.replace("_", " ")
        problems += [f"{name}: {problem}" for problem in found[:TOLD]]
        problems += [f"{name}: and {len(found) - TOLD} more"] * (len(found) > TOLD)
    return problems


# -- In --------------------------------------------------------------------------------------------


def every_message_is_accounted_for_once(evidence: Evidence) -> Iterator[str]:
    """Each message is in the inbox, or dead-lettered; never both, never twice, never nowhere."""
    rows = Counter(row.id for row in evidence.received)
    letters, dead = Counter(evidence.dead_letters), Counter(evidence.dead)
    for sent in evidence.sent.values():
        places = {
            "in the inbox": rows[sent.id],
            "among the dead letters": letters[sent.digest],
            "in the broker's dead-letter queue": dead[sent.digest],
        }
        found = [f"{name} ({count})" for name, count in places.items() if count]
        if not found:
            yield (
                f"{sent.kind} {sent.id} is nowhere; published {sent.times} times, "
                f"confirmed {sent.confirmed} times"
            )
        elif len(found) > 1:
            yield f"{sent.kind} {sent.id} is {' and '.join(found)}"
        elif rows[sent.id] > 1:
            yield f"{sent.kind} {sent.id} is in the inbox {rows[sent.id]} times"


def every_message_is_where_it_belongs(evidence: Evidence) -> Iterator[str]:
    """What is good is in the inbox, what cannot be read among the dead letters."""
    outcomes = {row.id: row.outcome for row in evidence.received}
    letters, dead = set(evidence.dead_letters), set(evidence.dead)
    for sent in evidence.sent.values():
        outcome = outcomes.get(sent.id, "")
        if sent.kind in {MALFORMED, FORGED} and sent.digest not in letters | dead:
            yield f"{sent.kind} {sent.id} is no dead letter; the inbox says {outcome or 'nothing'}"
        if sent.kind == STRAY and sent.digest not in dead:
            yield f"{sent.kind} {sent.id} is not in the broker's dead-letter queue"
        expected = {OLD: "too_old", FUTURE: "from_the_future"}.get(sent.kind)
        if expected and outcome != expected:
            yield f"{sent.kind} {sent.id}: expected {expected}, found {outcome or 'nothing'}"
        if sent.kind in {OPPORTUNITY, TWIN, WORD} and sent.digest in letters:
            yield f"{sent.kind} {sent.id} is a dead letter, and nothing was wrong with it"


def every_opportunity_has_one_execution(evidence: Evidence) -> Iterator[str]:
    """What came in as a step is executed once for each opportunity; every twin is refused."""
    took: defaultdict[str, list[str]] = defaultdict(list)
    stepped = {row.id: row.execution for row in evidence.received if _is_step(row.outcome)}
    for sent in evidence.sent.values():
        if sent.kind not in {OPPORTUNITY, TWIN} or sent.id not in stepped:
            continue
        execution = stepped[sent.id]
        known = evidence.executions.get(execution)
        if known is None:
            yield f"{sent.kind} {sent.id}: the inbox names execution {execution}, there is none"
        elif known.reason != "duplicate":
            took[sent.opportunity].append(execution)
        elif known.state != "rejected":
            yield f"{execution}: expected a duplicate to be rejected, found {known.state}"
    for name in {s.opportunity for s in evidence.sent.values() if s.id in stepped} - {""}:
        if len(took[name]) != 1:
            yield f"{name}: expected one execution, found {took[name] or 'only duplicates'}"


def every_execution_has_ended(evidence: Evidence) -> Iterator[str]:
    """Nothing is left half done, and what was rejected has a reason."""
    for name, execution in evidence.executions.items():
        if execution.status != "final" or execution.state not in ENDS:
            yield f"{name} is {execution.status} in {execution.state}"
        elif execution.state == "rejected" and not execution.reason:
            yield f"{name} was rejected without a reason"


def nothing_is_executed_that_nobody_sent(evidence: Evidence) -> Iterator[str]:
    """Each row of the inbox and each execution goes back to a message."""
    known = evidence.sent.keys()
    yield from (
        f"the inbox has {row.id}, nobody sent it"
        for row in evidence.received
        if row.id not in known
    )
    named = {row.execution for row in evidence.received}
    yield from (f"{name} has no message" for name in evidence.executions if name not in named)


def nothing_confirmed_is_lost(evidence: Evidence) -> Iterator[str]:
    """What the broker confirmed is in the journal or in the broker: it was not thrown away."""
    rows = {row.id for row in evidence.received}
    kept = {*evidence.dead_letters, *evidence.dead}
    for sent in evidence.sent.values():
        if sent.confirmed and sent.id not in rows and sent.digest not in kept:
            yield f"{sent.kind} {sent.id} was confirmed {sent.confirmed} times and is gone"


def nothing_waits(evidence: Evidence) -> Iterator[str]:
    """At the end the queues and the outbox are empty."""
    for queue, count in evidence.left.items():
        if count:
            yield f"{count} messages are left in {queue}"
    if evidence.outbox:
        yield f"{evidence.outbox} rows are left in the outbox"


# -- The venues ------------------------------------------------------------------------------------


def no_order_is_placed_twice(evidence: Evidence) -> Iterator[str]:
    """A venue is asked once for each order, and each leg of an execution is one order."""
    for order in evidence.orders:
        if order.calls > 1:
            yield f"{order.client_id} was sent to {order.venue} {order.calls} times"
        if order.client_id not in evidence.placed:
            yield f"{order.client_id} is in {order.venue}'s book, the journal does not know it"
    for client_id, calls in evidence.turned_away.items():
        if calls > 1:
            yield f"{client_id} was turned away and sent {calls} times"
    placed = [evidence.placed.get(order.client_id) for order in evidence.orders]
    legs = Counter((it.execution, _leg(it)) for it in placed if it is not None and _leg(it))
    for (execution, leg), count in legs.items():
        if count > 1:
            yield f"{execution}: {leg} was placed {count} times"


def _leg(placed: Placed) -> str:
    """Leg A takes on risk; leg B is all that goes to azuro; a hedge is neither."""
    if not placed.reduces:
        return "leg A"
    return "leg B" if placed.venue == "azuro" else ""


def every_position_is_owned(evidence: Evidence) -> Iterator[str]:
    """By the venues' books every execution is flat, or covered, or has an incident."""
    books: defaultdict[str, list[Order]] = defaultdict(list)
    for order in evidence.orders:
        books[order.execution].append(order)
    for execution, orders in books.items():
        known = evidence.executions.get(execution)
        filled = any(order.filled for order in orders)
        if known is None:
            yield f"{execution} has orders and is not in the journal"
        elif known.state == "rejected":
            yield f"{execution} was rejected and has orders: {_ids(orders)}"
        elif filled and known.state == "aborted":
            yield f"{execution} was aborted and owns something: {_ids(orders)}"
        elif not _is_covered(orders) and execution not in evidence.incidents:
            yield f"{execution} ({known.state}) is exposed without an incident: {_ids(orders)}"


def _ids(orders: list[Order]) -> str:
    return ", ".join(f"{order.client_id} {order.filled}@{order.odds}" for order in orders)


def _is_covered(orders: list[Order]) -> bool:
    profit = {"over": Decimal(0), "under": Decimal(0)}
    for order in orders:
        for scenario in profit:
            wins = scenario in order.wins
            profit[scenario] += order.filled * (order.odds - 1) if wins else -order.filled
    return min(profit.values()) >= -MAX_LOSS * sum(order.filled for order in orders)


# -- Out -------------------------------------------------------------------------------------------


def every_step_is_heard_in_order(evidence: Evidence) -> Iterator[str]:
    """For every execution the transitions 1 to n, without a gap, in order, repetitions left out."""
    heard: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for message in evidence.heard:
        if message.type == "execution.transition" and message.id not in seen:
            seen.add(message.id)
            heard[message.execution].append(message.seq)
    for name, execution in evidence.executions.items():
        found, expected = heard[name], list(range(1, execution.seq + 1))
        if found != expected:
            yield f"{name}: expected transitions 1 to {execution.seq} in order, found {found}"
    for name in heard.keys() - evidence.executions.keys():
        if name.startswith("x-"):
            yield f"{name} was heard of and is not in the journal"


def every_end_is_heard_once(evidence: Evidence) -> Iterator[str]:
    """Each execution that has ended said so, in one message, after its last transition."""
    first: dict[str, int] = {}
    ids: defaultdict[str, set[str]] = defaultdict(set)
    last: dict[str, int] = {}
    for place, message in enumerate(evidence.heard):
        if message.type == "execution.completed":
            ids[message.execution].add(message.id)
            first.setdefault(message.execution, place)
        elif message.type == "execution.transition" and message.id not in last:
            last[message.id] = place
    for name, execution in evidence.executions.items():
        if execution.status == "final" and len(ids[name]) != 1:
            yield f"{name} has ended: expected one execution.completed, found {len(ids[name])}"
        if execution.status != "final" and ids[name]:
            yield f"{name} has not ended, and its end was heard"
        if name in first and first[name] < last.get(f"{name}:{execution.seq}", -1):
            yield f"{name}: its end was heard before its last transition"


def every_id_is_one_body(evidence: Evidence) -> Iterator[str]:
    """A message that is repeated is the same, byte for byte."""
    bodies: dict[str, str] = {}
    for message in evidence.heard:
        if not message.type:
            yield f"a message cannot be read: {message.id}"
        if bodies.setdefault(message.id, message.digest) != message.digest:
            yield f"{message.id} was heard with two bodies"


# -- The runtime -----------------------------------------------------------------------------------


def the_runtime_ends_only_when_it_is_told(evidence: Evidence) -> Iterator[str]:
    """No life of the runtime ends in another way than by what was done to it."""
    for number, life in enumerate(evidence.lives, 1):
        if life.code not in life.wanted:
            yield f"life {number}: expected exit code {life.wanted}, found {life.code}\n{life.tail}"


def only_signed_words_are_obeyed(evidence: Evidence) -> Iterator[str]:
    """Every word with a signature is in the audit once, and no other word at all."""
    wanted = sum(1 for sent in evidence.sent.values() if sent.kind == WORD)
    found = evidence.words.get("bus:soak", 0)
    if found != wanted:
        yield f"expected {wanted} words of bus:soak in the audit, found {found}"


def _is_step(outcome: str) -> bool:
    return outcome not in {"too_old", "from_the_future", "orphan"}


LAWS: tuple[Law, ...] = (
    every_message_is_accounted_for_once,
    every_message_is_where_it_belongs,
    every_opportunity_has_one_execution,
    every_execution_has_ended,
    nothing_is_executed_that_nobody_sent,
    nothing_confirmed_is_lost,
    nothing_waits,
    no_order_is_placed_twice,
    every_position_is_owned,
    every_step_is_heard_in_order,
    every_end_is_heard_once,
    every_id_is_one_body,
    the_runtime_ends_only_when_it_is_told,
    only_signed_words_are_obeyed,
)

"""What a soak publishes is what its names say."""

import json
from collections import Counter

import pytest

from tests.soak.messages import (
    AGAIN,
    BROKEN,
    FORGED,
    FUTURE,
    MALFORMED,
    OLD,
    OPPORTUNITY,
    PER_THOUSAND,
    STRAY,
    TWIN,
    WORD,
    Message,
    body_of,
    plan,
    word,
)
from xarb_runtime.bus.cloudevents import CloudEvent, Malformed, decode
from xarb_runtime.bus.opportunities import read_opportunity
from xarb_runtime.domain.opportunity import Opportunity

NOW_MS = 1_700_000_000_000
KEY = "k" * 40


def test_the_same_seed_gives_the_same_messages() -> None:
    assert list(plan(500, 1)) == list(plan(500, 1))
    assert list(plan(500, 1)) != list(plan(500, 2))


def test_every_opportunity_comes_once_and_others_come_in_between() -> None:
    messages = list(plan(3_000, 7))
    kinds = Counter(message.kind for message in messages)

    assert kinds[OPPORTUNITY] == 3_000
    assert len({m.opportunity for m in messages if m.kind == OPPORTUNITY}) == 3_000
    for kind, share in PER_THOUSAND.items():
        assert share <= kinds[kind] <= 6 * share


def test_a_short_plan_has_every_kind() -> None:
    assert {message.kind for message in plan(60, 1)} == {OPPORTUNITY, *PER_THOUSAND}


def test_what_is_repeated_was_sent_before_and_what_has_a_twin_too() -> None:
    sent: set[str] = set()
    for message in plan(2_000, 3):
        if message.kind == AGAIN:
            assert message.id in sent
        if message.kind == TWIN:
            assert message.opportunity in sent
        sent |= {message.id, message.opportunity}


def test_no_two_messages_have_the_same_id_unless_one_repeats_the_other() -> None:
    ids = [message.id for message in plan(3_000, 5) if message.kind != AGAIN]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", [OPPORTUNITY, AGAIN, TWIN, OLD, FUTURE, STRAY])
def test_what_is_called_an_opportunity_is_one(kind: str) -> None:
    event = decode(body_of(Message(kind=kind, id="a", opportunity="b"), NOW_MS, KEY))
    assert isinstance(event, CloudEvent)
    age_ms = NOW_MS - event.time_ms

    assert isinstance(read_opportunity(event.data), Opportunity)
    assert (event.source, event.id) == ("soak", "a")
    assert (age_ms > 0, age_ms < 0) == (kind == OLD, kind == FUTURE)


@pytest.mark.parametrize("variant", sorted(set(BROKEN) - {"another type", "content type"}))
def test_what_is_called_malformed_is_so(variant: str) -> None:
    body = body_of(Message(kind=MALFORMED, id="m1", variant=variant), NOW_MS, KEY)
    event = decode(body)

    assert isinstance(event, Malformed) or isinstance(read_opportunity(event.data), Malformed)
    assert b"m1" in body


def test_a_word_is_signed_with_the_key_and_a_forged_one_with_another() -> None:
    bodies = [json.loads(body_of(word("w", "pause", forged=f), NOW_MS, KEY)) for f in (False, True)]

    assert bodies[0]["xarbsignature"] != bodies[1]["xarbsignature"]
    assert bodies[0]["data"] == {"operator": "soak", "reason": "soak w"}
    assert [word("w", "pause", forged=forged).kind for forged in (False, True)] == [WORD, FORGED]

"""What is kept of a message that could not be read."""

from xarb_runtime.bus import strict_json
from xarb_runtime.store.batch import Batch, DeadLetter
from xarb_runtime.store.journal import Journal
from xarb_runtime.store.rows import KEPT_OF_LONGER, LONGEST_BODY


def letter(size: int) -> DeadLetter:
    return DeadLetter(received_ms=1, source="s", reason="too long", body=b"x" * size)


async def test_of_a_body_that_nobody_can_read_only_the_beginning_is_kept(journal: Journal) -> None:
    await journal.commit(Batch(dead_letters=[letter(3_000_000), letter(LONGEST_BODY)]))

    whole, cut = await journal.queries.dead_letters()

    assert (whole.reason, len(whole.body)) == ("too long", LONGEST_BODY)
    assert cut.body == b"x" * KEPT_OF_LONGER
    assert cut.reason == "too long; kept are the first 4096 of 3000000 bytes"


def test_whatever_can_be_read_is_kept_whole() -> None:
    assert LONGEST_BODY >= strict_json.MAX_BYTES

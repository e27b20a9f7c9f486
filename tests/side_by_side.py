"""
How tests run side by side: those that wait for processes beside those that calculate.

Every worker takes whole files. Some take them from the front, where those are that mostly wait, the
longest first; the others from the back, where those are that keep a core busy. So neither do all
wait at once, nor do all want to calculate, and no worker is left alone with a long one at the end.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

#: Files that mostly wait, longest first: for brokers, servers, runtimes and deadlines. All that
#: need a broker are among the first, so that the workers at the back start none.
WAITING = (
    "runbooks/test_tabletop.py",
    "scars/test_crashes.py",
    "bus/test_rabbitmq_outages.py",
    "scars/test_broker.py",
    "store/test_two_runtimes.py",
    "demo/test_venues_demo.py",
    "docs/test_stories.py",
    "soak/test_soak.py",
    "crash/test_crash.py",
    "fuzz/test_broker.py",
    "servers/test_rabbitmq.py",
    "bus/test_rabbitmq_refusals.py",
    "cli/test_bus.py",
    "tutorial/test_rabbitmq.py",
    "schema/test_broker_wire.py",
    "bus/test_rabbitmq_careful.py",
    "bus/test_rabbitmq_contract.py",
    "bus/test_rabbitmq_in_and_out.py",
    "bus/test_rabbitmq_outlet.py",
    "cli/test_service.py",
    "rehearsal/test_night.py",
    "cli/test_plugins_new.py",
    "cli/test_shadow.py",
    "cli/test_venue_sim.py",
    "cli/test_unread.py",
)
#: Files that keep a core busy for more than five seconds, longest first.
CALCULATING = (
    "simulation/test_evidence.py",
    "kit/test_first_party.py",
    "statechart/test_flow.py",
    "cli/test_leaks.py",
    "kit/test_wrong_silver.py",
    "azuro/test_conformance_elsewhere.py",
    "kit/test_wrong_bronze.py",
    "schema/test_wire.py",
    "simulation/test_ghost.py",
    "lint/test_flow.py",
    "render/test_pictures.py",
    "lint/test_soundness.py",
)


def place(item: pytest.Item) -> int:
    """Return where a test belongs: first what waits, then the rest, last what calculates most."""
    file = f"{item.path.parent.name}/{item.path.name}"
    if file in WAITING:
        return WAITING.index(file)
    if file in CALCULATING:
        return len(WAITING) + len(CALCULATING) - CALCULATING.index(file)
    return len(WAITING)


class BothEnds(LoadFileScheduling):
    """Whole files for each worker: every other one takes from the front, the rest from the back."""

    def _assign_work_unit(self, node: Any) -> None:
        from_the_back = int(node.gateway.id.removeprefix("gw")) % 2
        if from_the_back and self.workqueue:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)

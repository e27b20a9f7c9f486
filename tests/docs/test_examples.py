"""The examples of the how-to pages do what the pages say."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.house.source import ROOT
from tests.runbooks.literate import blocks
from xarb_runtime.domain.opportunity import LegOffer
from xarb_runtime.domain.orders import Accepted, Found, Order, Quote, Refused, Selection
from xarb_runtime.domain.position import Fill
from xarb_runtime.plugins.contracts import HedgeRequest, VenueOpening, VenueSpec
from xarb_runtime.plugins.discovery import discover
from xarb_runtime.plugins.registry import Registry

OVER = Selection("sx", "m1", "over", ("over",))
UNDER = Selection("azuro", "m2", "under", ("under",))


def written(folder: Path, page: str) -> None:
    """Write the files of a how-to page into a folder."""
    for block in blocks(ROOT / "docs" / "how-to" / f"{page}.md"):
        if block.file.endswith(".py"):
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def plugins(folder: Path, page: str) -> Registry:
    written(folder, page)
    registry = discover(builtin=ROOT / "plugins", folders=[folder / "plugins"], entry_points=False)
    assert not registry.findings, registry.findings
    return registry


def test_the_hedge_of_the_how_to_takes_the_first_price_that_helps(tmp_path: Path) -> None:
    spec = plugins(tmp_path, "write-a-hedge").hedges["first"]
    better = Selection("azuro", "m3", "under", ("under",))
    request = HedgeRequest(
        strategy="first",
        scenarios=("over", "under"),
        fills=(Fill(Decimal(100), Decimal("2.10"), ("over",)),),
        offers=tuple(LegOffer(selection=it, odds=Decimal("1.9")) for it in (UNDER, better)),
        stake_tick=Decimal("0.01"),
    )
    quotes = tuple(_quote(it, odds) for it, odds in ((better, "1.99"), (UNDER, "1.90")))

    plan = spec.create().plan(request, quotes)

    assert plan is not None
    assert (UNDER, Decimal("110.52")) == (plan.selection, plan.stake)


def _quote(selection: Selection, odds: str) -> Quote:
    return Quote(
        selection=selection,
        odds=Decimal(odds),
        min_stake=Decimal(1),
        max_stake=Decimal(1000),
        time_ms=0,
    )


class StillClock:
    def now_ms(self) -> int:
        return 7

    async def sleep_ms(self, milliseconds: int) -> None:
        raise AssertionError(milliseconds)


@pytest.fixture
def paper(tmp_path: Path) -> VenueSpec:
    return plugins(tmp_path, "write-a-venue").venues["ghost_paper"]


def _order(**changes: Any) -> Order:
    facts = {
        "client_id": "x-1:1:0",
        "selection": OVER,
        "stake": Decimal(100),
        "min_odds": Decimal("1.95"),
        "reduces": False,
        "expires_ms": 1000,
    }
    return Order(**(facts | changes))


async def test_the_venue_of_the_how_to_keeps_the_contract(paper: VenueSpec) -> None:
    async with paper.open(
        VenueOpening(name="sx", settings=paper.settings(), clock=StillClock())
    ) as venue:
        placed = await venue.place(_order())
        again = await venue.place(_order())
        refused = await venue.place(_order(client_id="x-2:1:0", min_odds=Decimal("2.5")))
        found = await venue.find(_order())
        first = await anext(venue.reports())
        await venue.heartbeat()

    assert isinstance(placed, Accepted)
    assert placed == again
    assert isinstance(refused, Refused)
    assert Found(placed.report) == found
    assert placed.report == first


def test_the_example_of_the_money_page_adds_up() -> None:
    text = (ROOT / "docs" / "explanation" / "money.md").read_text(encoding="utf-8")
    stake, odds = Decimal(100), Decimal("2.10")

    for price, size in (("2.02", "103.96"), ("1.95", "107.69"), ("1.80", "116.66")):
        level = (stake * odds / Decimal(price)).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
        over = stake * (odds - 1) - level
        under = level * (Decimal(price) - 1) - stake

        assert Decimal(size) == level
        for profit in (over, under):
            assert f"{profit.normalize():f}".replace("-", "−") in text

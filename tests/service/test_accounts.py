"""
An order of another account is not asked about: that it is not found would prove nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.service.world import ROOT, charts, opportunity, plugins
from xarb_runtime.bus.cloudevents import CloudEvent, encode
from xarb_runtime.bus.embedded import EmbeddedBus
from xarb_runtime.domain.orders import (
    Absent,
    Order,
    OrderReport,
    OrderStatus,
    Quote,
    Selection,
    Unknown,
)
from xarb_runtime.plugins.contracts import (
    Capabilities,
    NoSettings,
    Venue,
    VenueOpening,
    VenueSpec,
)
from xarb_runtime.service.accounts import Accounts, accounts_of
from xarb_runtime.service.assembly import Surroundings, assemble
from xarb_runtime.service.settings_model import Settings
from xarb_runtime.service.settings_sections import StoreSettings
from xarb_runtime.simulation.virtual import Machine, VirtualLoop
from xarb_runtime.store.records import ActionRow


class Wallet(Venue):
    """Never says that it took an order, and after a while that there is none."""

    def __init__(self, account: str, *, is_sure: bool = False) -> None:
        self._account, self._is_sure = account, is_sure
        self.asked: list[str] = []
        self.watched: list[str] = []

    def account(self) -> str:
        return self._account

    async def place(self, order: Order) -> Any:
        return Unknown("the line is dead")

    async def cancel(self, order: Order) -> Any:
        self.asked.append(order.client_id)
        return Unknown("the line is dead")

    async def find(self, order: Order) -> Any:
        self.asked.append(order.client_id)
        return Absent("nobody knows it") if self._is_sure else Unknown("not yet")

    def watch(self, order: Order) -> None:
        self.watched.append(order.client_id)

    async def quote(self, selection: Selection) -> Quote:
        raise LookupError

    async def reports(self) -> AsyncIterator[OrderReport]:
        await asyncio.Event().wait()
        yield OrderReport(client_id="", sequence=0, time_ms=0, status=OrderStatus.OPEN)

    async def heartbeat(self) -> None:
        return


async def live(
    folder: Path, wallet: Wallet, *, detects: bool = False, seconds: int = 3
) -> tuple[str, ...]:
    """Run for a while with a venue; return where the one execution stands."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)

    @asynccontextmanager
    async def opened(_: VenueOpening) -> AsyncIterator[Venue]:
        yield wallet

    registry = plugins()
    registry.venues["ghost_wallet"] = VenueSpec(
        name="ghost_wallet",
        version="1",
        capabilities=lambda _: Capabilities(cancel=True),
        settings=NoSettings,
        open=opened,
    )
    settings = Settings(
        venues={name: {"kind": "ghost_wallet"} for name in ("sx", "azuro")},
        store=StoreSettings(url=f"sqlite:///{folder}/accounts.db"),
    )
    around = Surroundings(
        folder=ROOT,
        clock=Machine(loop, 1_000).clock(),
        owner="test",
        io_guard=loop.io_guard,
        second_reader=False,
        is_alive=lambda _: False,
        charts=charts(),
    )
    async with assemble(settings, around, registry) as runtime:
        running = asyncio.create_task(runtime.run())
        await runtime.started.wait()
        if detects:
            now_ms = runtime.clock.now_ms()
            data = opportunity("1", now_ms)
            kind = "opportunity.detected"
            assert isinstance(runtime.bus, EmbeddedBus)
            message = CloudEvent(id="1", source="test", type=kind, time_ms=now_ms, data=data)
            await runtime.bus.deliver(encode(message))
        await runtime.clock.sleep_ms(seconds * 1000)
        snapshot = runtime.desk.book.get("x-1")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert snapshot is not None
    return snapshot.leaves


async def lives(folder: Path, *accounts: str) -> tuple[tuple[str, ...], Wallet]:
    """The first life sends an order, the last one has time to find out about it."""
    first, *others, last = accounts
    await live(folder, Wallet(first), detects=True)
    for account in others:
        await live(folder, Wallet(account))
    wallet = Wallet(last, is_sure=True)
    return await live(folder, wallet, seconds=70), wallet


def play(folder: Path, *accounts: str) -> tuple[tuple[str, ...], Wallet]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(lives(folder, *accounts))


@pytest.mark.parametrize("accounts", [("first", "other"), ("first", "other", "other")])
def test_under_another_account_an_order_stays_in_doubt(
    tmp_path: Path, accounts: tuple[str, ...]
) -> None:
    leaves, wallet = play(tmp_path, *accounts)

    assert leaves == ("exposed",)
    assert (wallet.asked, wallet.watched) == ([], [])


def test_with_the_old_account_back_it_is_asked_about_again(tmp_path: Path) -> None:
    leaves, wallet = play(tmp_path, "first", "other", "first")

    assert leaves == ("aborted",)
    assert set(wallet.asked) == set(wallet.watched) == {"x-1:1:0"}


@pytest.mark.parametrize("accounts", [("first", "first"), ("", "other"), ("first", "")])
def test_absence_counts_where_the_account_is_the_same_or_is_none(
    tmp_path: Path, accounts: tuple[str, ...]
) -> None:
    leaves, _ = play(tmp_path, *accounts)

    assert leaves == ("aborted",)


def note(number: int, at_ms: int, account: str, action: str = "account") -> ActionRow:
    return ActionRow(
        id=number,
        time_ms=at_ms,
        operator="runtime",
        action=action,
        target="sx",
        detail={"account": account},
        result="",
    )


def test_each_change_is_noted_once() -> None:
    noted = [note(2, 200, "b"), note(1, 100, "a"), note(3, 300, "c", action="pause")]

    assert not Accounts({"sx": "b", "azuro": ""}, noted).news(400)
    (news,) = Accounts({"sx": "a"}, noted).news(400)
    assert (news.time_ms, news.target, news.detail) == (400, "sx", {"account": "a"})


@pytest.mark.parametrize(("sent_ms", "another"), [(99, ""), (100, "a"), (199, "a"), (200, "")])
def test_an_order_belongs_to_the_account_of_its_time(sent_ms: int, another: str) -> None:
    noted = [note(1, 100, "a"), note(2, 200, "b")]

    assert Accounts({"sx": "b"}, noted).another("sx", sent_ms) == another


def test_a_venue_that_fails_to_say_its_account_has_none() -> None:
    class Mute(Wallet):
        def account(self) -> str:
            raise RuntimeError("no")

    assert accounts_of({"sx": Mute("a"), "azuro": Wallet("b")}, str) == {"azuro": "b"}

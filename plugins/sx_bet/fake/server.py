"""
The exchange as a server on loopback.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import get_args

from aiohttp import web

from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.plugins.contracts import Simulated, SimulatorOpening
from xarb_runtime.plugins.simulator_book import Offer
from xarb_runtime.plugins.simulator_desk import SimulatorDesk
from xarb_runtime.plugins.simulator_faults import ScriptedFault
from xarb_runtime.plugins.simulator_script import FaultScript

from .account_desk import AccountDesk
from .channels import Channels
from .checks import Checks
from .clockwork import Clockwork
from .control import Control
from .desk import Floor
from .exchange import Exchange
from .faults import Faults
from .funding_desk import FundingDesk
from .gate import Gate
from .history_desk import HistoryDesk
from .house import House
from .ledger import Ledger
from .model import Account
from .odds import units
from .order_desk import OrderDesk
from .realtime import Realtime
from .reference_desk import ReferenceDesk
from .settings import ADDRESS, PRIVATE_KEY, FakeAccount, FakeSettings, Word
from .signing import Notary, invented_address
from .tokens import Tokens
from .window import book_of, offers_of

LOOPBACK = "127.0.0.1"
WEBSOCKET = "/connection/websocket"
KEY_ENV = "SX_BET_SIMULATOR_KEY"
API_KEY_ENV = "SX_BET_SIMULATOR_API_KEY"


@asynccontextmanager
async def serve(opening: SimulatorOpening) -> AsyncGenerator[Simulated, None]:
    """
    Serve the exchange for as long as the context lasts.

    Raises:
        OSError: the port is taken.
    """
    settings: FakeSettings = opening.settings
    error: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        work = Clockwork(opening.clock, tasks)
        floor = floor_of(settings, work)
        gate = Gate(floor)
        realtime = Realtime(settings, work, floor.channels, floor.tokens)
        runner = web.AppRunner(
            _application(floor, gate, realtime),
            access_log=None,
            # A request that has arrived is carried out, whether or not somebody waits for it.
            handler_cancellation=False,
            shutdown_timeout=0.1,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, opening.port).start()
            address = f"{LOOPBACK}:{runner.addresses[0][1]}"
            offers = offers_of(floor.house.markets.values())
            yield _simulated(settings, address, Control(floor, gate, realtime), offers)
        except Exception as raised:  # noqa: BLE001 -- raised again below, outside the group
            error = raised
        finally:
            floor.channels.quake()
            await runner.cleanup()
            work.stop()
    if error is not None:
        raise error


def floor_of(settings: FakeSettings, work: Clockwork) -> Floor:
    """Return an exchange that nobody can reach yet."""
    script = FaultScript(settings.faults, settings.seed, lambda: work.now_ms)
    channels = Channels(settings, script)
    house = House(settings, work, channels)
    channels.house = house
    ledger = Ledger(house.account, [_account(it) for it in settings.accounts])
    exchange = Exchange(settings, work, channels, ledger, house)
    notary = Notary(settings.chain_id, settings.escrow)
    return Floor(
        settings=settings,
        work=work,
        house=house,
        exchange=exchange,
        checks=Checks(settings, exchange, house, notary),
        faults=Faults(settings, script),
        channels=channels,
        tokens=Tokens(parse_duration_ms(settings.token)),
    )


def _account(settings: FakeAccount) -> Account:
    return Account(
        api_key=settings.api_key,
        address=settings.address,
        proxy=invented_address(settings.address, "proxy"),
        deployed=settings.deployed,
        available=units(settings.balance),
        wallet=units(settings.wallet),
        taker_fee=settings.taker_fee,
        maker_fee=settings.maker_fee,
    )


def _application(floor: Floor, gate: Gate, realtime: Realtime) -> web.Application:
    app = web.Application(middlewares=[gate.middleware()])
    for desk in (
        ReferenceDesk(floor),
        AccountDesk(floor),
        FundingDesk(floor),
        OrderDesk(floor),
        HistoryDesk(floor),
    ):
        app.router.add_routes(desk.routes())
    app.router.add_routes(_simulator_desk(floor).routes())
    app.router.add_get(WEBSOCKET, realtime.connect)
    return app


def _simulator_desk(floor: Floor) -> SimulatorDesk:
    def begin(fault: ScriptedFault) -> None:
        if fault.fault == "away":
            floor.channels.quake()

    return SimulatorDesk(
        floor.faults.script, FakeSettings, get_args(Word), lambda: book_of(floor), begin
    )


def _simulated(
    settings: FakeSettings, address: str, control: Control, offers: tuple[Offer, ...]
) -> Simulated:
    account = settings.accounts[0]
    url = f"http://{address}"
    section = {
        "url": url,
        "realtime_url": f"ws://{address}{WEBSOCKET}",
        "chain_id": settings.chain_id,
        "api_key_env": API_KEY_ENV,
        "address": account.address,
        "key_env": KEY_ENV,
    }
    # Another address has a key of its own, which its owner knows.
    environ = {KEY_ENV: PRIVATE_KEY} if account.address == ADDRESS else {}
    environ[API_KEY_ENV] = account.api_key
    return Simulated(url=url, section=section, environ=environ, control=control, offers=offers)

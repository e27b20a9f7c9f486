"""
What a connection is made of. The parts are put together once, when it is opened.
"""

import msgspec

from xarb_runtime.plugins.contracts import Clock

from .chain import Chain
from .environments import Environment
from .feed import Feed
from .follow import Follower
from .gas import Gas
from .market import Market
from .orders import Orders
from .purse import Purse
from .settings import AzuroSettings
from .wire import Wire


class Trade(msgspec.Struct, frozen=True):
    """
    What only a connection that trades has.

    Attributes:
        orders: our orders on the wire.
        follower: follows them.
    """

    orders: Orders
    follower: Follower


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a connection is made of.

    Attributes:
        name: the venue's name in settings.
        settings: its section.
        environment: the deployment.
        clock: the clock.
        wire: the REST API.
        gas: the relayer's fee.
        feed: the stream of odds; None where it is not to be used.
        market: prices.
        chain: a node; None where there is none.
        purse: what we could pay.
        trade: orders; None where they are only simulated.
    """

    name: str
    settings: AzuroSettings
    environment: Environment
    clock: Clock
    wire: Wire
    gas: Gas
    feed: Feed | None
    market: Market
    chain: Chain | None
    purse: Purse
    trade: Trade | None

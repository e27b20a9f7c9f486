"""
What it takes to sign an order and write it down, on one core: SX Bet's and Azuro's typed data.

Every order is another one, as in life: nothing that belongs to a single order may be remembered.
"""

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import Any

import msgspec

from benchmarks.timing import Latency, summary
from xarb_runtime.bundle import bundled
from xarb_runtime.domain.orders import Order, Selection
from xarb_runtime.plugins.candidates import load_file
from xarb_runtime.plugins.keys import PrivateKey

#: Not counted: the first orders fill the caches that last.
WARM = 50
#: A key that the whole world knows.
KEY = PrivateKey(bytes([0x11]) * 32)
EXPIRES_MS = 1_900_000_000_000


class Signing(msgspec.Struct, frozen=True):
    """From the runtime's order to the bytes of a request, and until it was signed; core time."""

    whole: Latency
    signed_p50_us: float


def part_of(plugin: str, name: str) -> Any:
    """Return a module of a first-party plugin."""
    package = load_file(plugin, (bundled("plugins") / plugin / "__init__.py").resolve())
    return import_module(f"{package.__name__}.{name}")


def measure(count: int) -> dict[str, Any]:
    """Return the figures of both venues, for `count` orders each."""
    return {
        name: msgspec.to_builtins(_measure(way, orders, count))
        for name, way, orders in (
            ("sx_bet", _sx_bet(), partial(_orders, "0x" + "7a" * 32, "one")),
            ("azuro", _azuro(), partial(_orders, "1" * 70, "29")),
        )
    }


#: Writes an order down; returns its bytes and the seconds after which it was signed.
Way = Callable[[Order], tuple[bytes, float]]


def _measure(way: Way, orders: Callable[[int], Iterator[Order]], count: int) -> Signing:
    seconds: list[float] = []
    signed: list[float] = []
    for number, order in enumerate(orders(WARM + count)):
        begin = time.thread_time()
        _, at = way(order)
        if number >= WARM:
            seconds.append(time.thread_time() - begin)
            signed.append(at - begin)
    return Signing(summary(seconds), summary(signed).p50_us)


def _orders(market: str, outcome: str, count: int) -> Iterator[Order]:
    selection = Selection("venue", market, outcome, ("home",))
    for number in range(count):
        yield Order(
            client_id=f"x-bench{number}:1:0",
            selection=selection,
            stake=Decimal(1000 + number) / 100,
            min_odds=Decimal(150 + number % 100) / 100,
            reduces=False,
            expires_ms=EXPIRES_MS + number * 1000,
        )


def _sx_bet() -> Way:
    drafts, signing, terms = (part_of("sx_bet", name) for name in ("draft", "signing", "terms"))
    signer = signing.Signer(KEY)
    contract = "0x890482680C3a0116aBB003B17e7D694D13a6c1eB"
    now = terms.Terms(
        domain=signing.Domain("OBv3 Escrow", "1", 4162, contract),
        token="0x6629Ce1Cf35Cc1329ebB4F63202F3f197b3F050B",
        symbol="USDC",
        decimals=6,
        step=125 * 10**15,
        minimum=10**6,
        longest_delay_ms=0,
    )

    def way(order: Order) -> tuple[bytes, float]:
        draft = drafts.draft(order, now, signer.address, 20_000)
        signature = signer.sign(bytes.fromhex(draft.id[2:]))
        at = time.thread_time()
        row = draft.row(signature, "IOC")
        return msgspec.json.encode({"orders": [row], "waitForOutcome": True}), at

    return way


def _azuro() -> Way:
    names = ("orders", "environments", "settings", "signing")
    orders, environments, settings, signing = (part_of("azuro", name) for name in names)
    environment = environments.ENVIRONMENTS["PolygonUSDT"]
    bettor = orders.Orders(None, environment, settings.AzuroSettings(), signing.Wallet(KEY))

    def way(order: Order) -> tuple[bytes, float]:
        body = bettor.body(bettor.terms(order), 12_345)
        at = time.thread_time()
        return json.dumps(body).encode(), at

    return way


def main() -> None:
    """Measure and print."""
    for name, found in measure(2_000).items():
        whole = found["whole"]
        print(f"{name:8} p50 {whole['p50_us']:8.1f} us  p99 {whole['p99_us']:8.1f} us")


if __name__ == "__main__":
    main()

"""
What single exchanges need computed: the little that a table cannot say.
"""

import base64
from collections.abc import Callable
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from typing import Any

from xarb_runtime.domain.orders import Order

from .draft import Draft, Row, part

#: The salt of the order that is being made, by whom it is made.
_SALT: ContextVar[int] = ContextVar("salt", default=0)

#: What Polymarket's contract hashes of an order: the fields that are signed, in this order.
_SIGNED = (
    ("salt", "uint256"),
    ("maker", "address"),
    ("signer", "address"),
    ("tokenId", "uint256"),
    ("makerAmount", "uint256"),
    ("takerAmount", "uint256"),
    ("side", "uint8"),
    ("signatureType", "uint8"),
    ("timestamp", "uint256"),
    ("metadata", "bytes32"),
    ("builder", "bytes32"),
)


def _sign_nothing(*_: Any) -> str:
    return ""


def polymarket_digest(exchange: Any, draft: Draft) -> str:
    """
    Return the id that Polymarket gives an order: the hash of what is signed.

    It does not depend on the kind of signature. Source: the contract, `hashOrder`; ccxt signs the
    same hash, which a test compares.
    """
    price, amount = float(draft.price), float(draft.amount)
    signing = exchange.sign_clob_order
    try:
        # Nothing else runs meanwhile; signing takes three times as long as all the rest.
        exchange.sign_clob_order = _sign_nothing
        built = exchange.build_clob_order_body(
            draft.handle, "limit", "buy", amount, price, draft.params
        )
    finally:
        exchange.sign_clob_order = signing
    signed = {**built["body"]["order"], "side": 0}
    options = exchange.options
    contract = "negRiskExchangeAddress" if built["outcome"].get("negRisk") else "exchangeAddress"
    domain = {
        "name": options["ctfExchangeName"],
        "version": options["ctfExchangeVersion"],
        "chainId": options["chainId"],
        "verifyingContract": options[contract],
    }
    fields = [{"name": name, "type": kind} for name, kind in _SIGNED]
    message = {name: signed[name] for name, _ in _SIGNED}
    encoded = exchange.eth_encode_structured_data(domain, {"Order": fields}, message)
    return "0x" + exchange.hash(encoded, "keccak", "hex")


def salt_limitless(exchange: Any) -> None:
    """
    Let orders at Limitless have a salt of ours, which `params` tells.

    ccxt takes one from the clock, by which nobody could know an order again.
    """
    theirs, create = exchange.incrementing_nonce, exchange.create_order

    async def create_order(*order: Any) -> Any:
        *terms, params = order
        rest = {name: value for name, value in params.items() if name != "salt"}
        token = _SALT.set(int(params["salt"]))
        try:
            return await create(*terms, rest)
        finally:
            _SALT.reset(token)

    exchange.create_order = create_order
    exchange.incrementing_nonce = lambda: _SALT.get() or theirs()


def keep_kalshi_key(exchange: Any) -> None:
    """
    Let ccxt's Kalshi read its key once.

    It reads and tests the key anew for every request, which takes ten times as long as signing, and
    nothing else runs meanwhile.
    """
    # cryptography comes with ccxt.
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    theirs: Callable[..., str] = exchange.rsa
    load = lru_cache(maxsize=1)(load_pem_private_key)
    algorithm = hashes.SHA256()
    pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)

    def sign(request: str, secret: str, alg: str = "", mode: str = "") -> str:
        key = load(secret.encode(), None)
        if (alg, mode) != ("sha256", "pss") or not isinstance(key, rsa.RSAPrivateKey):
            return theirs(request, secret, alg, mode)
        return base64.b64encode(key.sign(request.encode(), pss, algorithm)).decode()

    exchange.rsa = sign


def kalshi_price_step(market: Row, order: Order) -> str | None:
    """
    Return the step of prices around an order's limit, dollars.

    Markets may have finer steps near 0 and 1 than between; ccxt tells the first of them.
    """
    limit = 1 / order.min_odds
    ranges: list[Row] = part(market, "info").get("price_ranges") or []
    # Where two ranges meet, and for the other outcome, whose prices run backwards: the coarser.
    steps = [
        str(it["step"])
        for it in ranges
        if Decimal(it["start"]) <= limit <= Decimal(it["end"])
        or Decimal(it["start"]) <= 1 - limit <= Decimal(it["end"])
    ]
    return max(steps, key=Decimal, default=None)

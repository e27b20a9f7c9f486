"""
Where Azuro V3 lives: chains, contracts, bet tokens and hosts.
"""

import msgspec

_LIVE = "https://api.onchainfeed.org/api/v1/public"
_LIVE_STREAMS = "wss://streams.onchainfeed.org/v1/streams"
_TEST = "https://dev-api.onchainfeed.org/api/v1/public"
_TEST_STREAMS = "wss://dev-streams.onchainfeed.org/v1/streams"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """
    One of Azuro's deployments.

    Attributes:
        name: what the API calls it.
        chain_id: the chain's number; signed with every order.
        core: the contract that checks our signature and keeps the bets.
        relayer: the contract that takes the stake: the spender of the one approval.
        bet: the contract whose tokens are the bets.
        cashout: the contract that buys bets back.
        token, symbol, decimals: the bet token.
        url, ws_url: the hosts.
    """

    name: str
    chain_id: int
    core: str
    relayer: str
    bet: str
    cashout: str
    token: str
    symbol: str
    decimals: int
    url: str
    ws_url: str


#: Every deployment that is in use. The cashout contract of Polygon is the paymaster of Base: look
#: contracts up by chain, never by address.
ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment(
            name="PolygonUSDT",
            chain_id=137,
            core="0xF9548Be470A4e130c90ceA8b179FCD66D2972AC7",
            relayer="0x8dA05c0021e6b35865FDC959c54dCeF3A4AbBa9d",
            bet="0x7A1c3FEf712753374C4DCe34254B96faF2B7265B",
            cashout="0x4a2BB4211cCF9b9eA6eF01D0a61448154ED19095",
            token="0xc2132d05d31c914a87c6611c10748aeb04b58e8f",  # noqa: S106 -- a contract
            symbol="USDT",
            decimals=6,
            url=_LIVE,
            ws_url=_LIVE_STREAMS,
        ),
        Environment(
            name="BaseWETH",
            chain_id=8453,
            core="0xF40cF1dD7d16C098cff5F8B5650A8FaEf1F4640d",
            relayer="0xD2D508d66dB4fCE4B384e4C3EA2fa53BA43e73b5",
            bet="0xF328404Dbc8c997d12dC55a1A179AF7F8cb7df90",
            cashout="0x6EDff24761F4473611B45BDAe4a779ff31af14Be",
            token="0x4200000000000000000000000000000000000006",  # noqa: S106 -- a contract
            symbol="WETH",
            decimals=18,
            url=_LIVE,
            ws_url=_LIVE_STREAMS,
        ),
        Environment(
            name="PolygonAmoyUSDT",
            chain_id=80002,
            core="0xCD0Db5ef28C3Bd3a69283372dE923Eb4DA0585F6",
            relayer="0x48c9bE88706F22838070eE7C4bC74Ad7A8eeF114",
            bet="0x4B75c071dFA5d537979E8b0615Bb97B6337dbFef",
            cashout="0x7dF132Ad2334a667A004049a75a4a8a530dc24F2",
            token="0xCf1b86ceD971b88C042C64A9c099377e2738073C",  # noqa: S106 -- a contract
            symbol="USDT",
            decimals=6,
            url=_TEST,
            ws_url=_TEST_STREAMS,
        ),
        Environment(
            name="BaseSepoliaWETH",
            chain_id=84532,
            core="0x679CC42F69F98631668348d088086359D4217Ffa",
            relayer="0x2De54cABa6A8198D9Dc51931485Bfdc8017aB0c5",
            bet="0xD031C4BDd4b7c30e3725132109786B8E158A4c07",
            cashout="0xf52Eb6ec19d81Ea623A7d7Ad397287C0C40f2F37",
            token="0x9e09f213Ff75e53D52e9e777A6567A68683E935f",  # noqa: S106 -- a contract
            symbol="WETH",
            decimals=18,
            url=_TEST,
            ws_url=_TEST_STREAMS,
        ),
    )
}

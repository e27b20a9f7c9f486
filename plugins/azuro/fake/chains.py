"""
The contracts of the chains that are imitated, contract version 3.0.13.

Written down here a second time on purpose: an imitation that took them from the client could not
tell when the client has them wrong.
"""

import msgspec


class ChainFacts(msgspec.Struct, frozen=True, kw_only=True):
    """
    A chain and Azuro's contracts on it.

    Attributes:
        chain_id: the chain's number.
        lp, core, relayer, nft, cashout: contracts; `nft` is the token of a bet.
        stakes_in: the token that one bets with.
        decimals: the token's digits after the point.
        symbol: the token's name.
    """

    chain_id: int
    lp: str
    core: str
    relayer: str
    nft: str
    cashout: str
    stakes_in: str
    decimals: int
    symbol: str


CHAINS = {
    "PolygonUSDT": ChainFacts(
        chain_id=137,
        lp="0x0FA7FB5407eA971694652E6E16C12A52625DE1b8",
        core="0xF9548Be470A4e130c90ceA8b179FCD66D2972AC7",
        relayer="0x8dA05c0021e6b35865FDC959c54dCeF3A4AbBa9d",
        nft="0x7A1c3FEf712753374C4DCe34254B96faF2B7265B",
        cashout="0x4a2BB4211cCF9b9eA6eF01D0a61448154ED19095",
        stakes_in="0xc2132d05d31c914a87c6611c10748aeb04b58e8f",
        decimals=6,
        symbol="USDT",
    ),
    "BaseWETH": ChainFacts(
        chain_id=8453,
        lp="0x1eD7368bc515E928A4007cEa61FB8a6F8863Af87",
        core="0xF40cF1dD7d16C098cff5F8B5650A8FaEf1F4640d",
        relayer="0xD2D508d66dB4fCE4B384e4C3EA2fa53BA43e73b5",
        nft="0xF328404Dbc8c997d12dC55a1A179AF7F8cb7df90",
        cashout="0x6EDff24761F4473611B45BDAe4a779ff31af14Be",
        stakes_in="0x4200000000000000000000000000000000000006",
        decimals=18,
        symbol="WETH",
    ),
    "PolygonAmoyUSDT": ChainFacts(
        chain_id=80002,
        lp="0x0a75395Ff15d9557424b632cEBCac448D66F9779",
        core="0xCD0Db5ef28C3Bd3a69283372dE923Eb4DA0585F6",
        relayer="0x48c9bE88706F22838070eE7C4bC74Ad7A8eeF114",
        nft="0x4B75c071dFA5d537979E8b0615Bb97B6337dbFef",
        cashout="0x7dF132Ad2334a667A004049a75a4a8a530dc24F2",
        stakes_in="0xCf1b86ceD971b88C042C64A9c099377e2738073C",
        decimals=6,
        symbol="USDT",
    ),
    "BaseSepoliaWETH": ChainFacts(
        chain_id=84532,
        lp="0x4fE86EddCC22dc992b7994878169201Ec7ea50AB",
        core="0x679CC42F69F98631668348d088086359D4217Ffa",
        relayer="0x2De54cABa6A8198D9Dc51931485Bfdc8017aB0c5",
        nft="0xD031C4BDd4b7c30e3725132109786B8E158A4c07",
        cashout="0xf52Eb6ec19d81Ea623A7d7Ad397287C0C40f2F37",
        stakes_in="0x9e09f213Ff75e53D52e9e777A6567A68683E935f",
        decimals=18,
        symbol="WETH",
    ),
}

"""
What the chain itself says: balance, allowance, and whether a nonce is used. Plain JSON-RPC.
"""

import re
from collections.abc import Iterator

import aiohttp
import msgspec
from yarl import URL

from .environments import Environment
from .wire import fields_of, read_json

_ALLOWANCE = "dd62ed3e"
_BALANCE = "70a08231"
_NONCES = "502e1a16"
_OWNER = "6352211e"
_BET_TYPEHASH = "704dcb9e"
_WORD = 64
#: Part of an address that is no key, but the name of a network or of a door.
_NAME = re.compile(r"[A-Za-z._-]{,19}")

#: What the relayer must call the type that we sign.
BET_TYPEHASH = int("c4a3918dcfe0523203c35fa17d06e6f1eb007646cd3b66ba01296631bc098e51", 16)


class ChainError(LookupError):
    """The node did not answer the question."""


class Wealth(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the relayer could take from a wallet, in the token's smallest unit.

    Attributes:
        balance: of the bet token.
        allowance: what the relayer may take of it.
    """

    balance: int
    allowance: int

    @property
    def available(self) -> int:
        """The smaller of the two."""
        return min(self.balance, self.allowance)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """
    A block.

    Attributes:
        number: its height.
        time_s: what signatures expire by, seconds since the epoch.
    """

    number: int
    time_s: int


class Chain:
    """
    A node.

    Args:
        session: sends.
        url: the node.
        environment: the deployment.
        timeout_ms: deadline of one question.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, environment: Environment, timeout_ms: int
    ) -> None:
        self._session, self._url, self._environment = session, URL(url), environment
        self._timeout = aiohttp.ClientTimeout(total=timeout_ms / 1000)
        self._is_ours = False

    async def wealth(self, owner: str) -> Wealth:
        """
        Return what the relayer could take from a wallet.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        await self._check_chain()
        token, relayer = self._environment.token, self._environment.relayer
        return Wealth(
            balance=await self._read(token, _BALANCE, _word(owner)),
            allowance=await self._read(token, _ALLOWANCE, _word(owner), _word(relayer)),
        )

    async def has_used(self, bettor: str, nonce: int, *, at: Block | None = None) -> bool:
        """
        Whether a bet with this nonce has got into the contract; by the newest block, or by another.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        await self._check_chain()
        core = self._environment.core
        words = _word(bettor), f"{nonce:0{_WORD}x}"
        return await self._read(core, _NONCES, *words, at=at) != 0

    async def time_s(self) -> int:
        """
        Return the time of the newest block.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        return (await self.newest()).time_s

    async def newest(self) -> Block:
        """
        Return the newest block.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        await self._check_chain()
        block = fields_of(await self._call("eth_getBlockByNumber", ["latest", False]))
        return Block(number=_number(block.get("number")), time_s=_number(block.get("timestamp")))

    async def owns(self, owner: str, bet: int, *, at: Block | None = None) -> bool:
        """
        Whether a bet is still somebody's: whoever sells one back gives its token away.

        By the newest block, or by another.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        await self._check_chain()
        found = await self._read(self._environment.bet, _OWNER, f"{bet:0{_WORD}x}", at=at)
        return found == int(owner, 16)

    async def signs_as_we_do(self) -> bool:
        """
        Whether the relayer's contract knows the type that we sign.

        Raises:
            ChainError: the node cannot be asked, does not say, or is one of another chain.
        """
        await self._check_chain()
        return await self._read(self._environment.relayer, _BET_TYPEHASH) == BET_TYPEHASH

    async def _check_chain(self) -> None:
        if self._is_ours:
            return
        chain_id = _number(await self._call("eth_chainId", []))
        expected = self._environment.chain_id
        if chain_id != expected:
            raise ChainError(f"expected a node of chain {expected}, found one of {chain_id}")
        self._is_ours = True

    async def _read(
        self, contract: str, selector: str, *words: str, at: Block | None = None
    ) -> int:
        asked = {"to": contract, "data": f"0x{selector}{''.join(words)}"}
        block = hex(at.number) if at else "latest"
        return _number(await self._call("eth_call", [asked, block]))

    async def _call(self, method: str, params: list[object]) -> object:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            # A redirect would take the question, and perhaps the key, to somebody else.
            async with self._session.post(
                self._url, json=asked, timeout=self._timeout, allow_redirects=False
            ) as answer:
                given = fields_of(read_json(await answer.read()))
        except (aiohttp.ClientError, TimeoutError) as error:
            # The node's address may have a key in it, and the error may quote it: only the host is.
            kind = type(error).__name__
            raise ChainError(f"the node at {self._url.host} cannot be asked: {kind}") from None
        if "result" not in given:
            problem = fields_of(given.get("error")).get("message", f"HTTP {answer.status}")
            raise ChainError(f"the node at {self._url.host} does not answer {method}: {problem}")
        return given["result"]


def keys_in(address: str) -> Iterator[str]:
    """Yield what may be a key in a node's address, as it is written and as it is meant."""
    written, url = URL(address, encoded=True), URL(address)
    behind = (*written.raw_parts, *re.split("[&=]", written.raw_query_string))
    found = (*behind, *url.raw_parts, *url.parts, *url.query.values())
    keys = [text for text in found if text != "/" and not _NAME.fullmatch(text)]
    yield from dict.fromkeys((*filter(None, (written.raw_password, url.password)), *keys))


def _word(address: str) -> str:
    return address.lower().removeprefix("0x").rjust(_WORD, "0")


def _number(value: object) -> int:
    """An empty answer is that of an address without a contract: it says nothing."""
    try:
        return int(str(value), 16)
    except ValueError:
        raise ChainError(f"expected a number from the node, found {str(value)[:80]!r}") from None

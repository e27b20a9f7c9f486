"""
Bodies of requests, checked as the real backend's framework checks them: all faults in one 400.
"""

import re
from collections.abc import Callable
from typing import Any, cast

Check = Callable[[Any], bool]
Fields = dict[str, tuple[Check, str]]

_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.IGNORECASE)
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130,}")


class MalformedError(ValueError):
    """The body of a request is not what it has to be; `faults` says where."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**128


def _digits(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit()


def _odds(value: Any) -> bool:
    return _digits(value) and int(value) < 2**64


def _amount(value: Any) -> bool:
    return _digits(value) and int(value) < 2**128


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _address(value: Any) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def _low_address(value: Any) -> bool:
    return _address(value) and value == value.lower()


def _short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 160  # noqa: PLR2004 -- the documented limit


def _signature(value: Any) -> bool:
    return isinstance(value, str) and _SIGNATURE.fullmatch(value) is not None


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _list(value: Any) -> bool:
    return isinstance(value, list) and bool(cast("list[Any]", value))


_IS_NUMBER = "must be a number conforming to the specified constraints"
_IS_TEXT = "must be a string"
_IS_DIGITS = "must be a number string"
_IS_ADDRESS = "must be an Ethereum address"

_ORDER: Fields = {
    "environment": (_text, _IS_TEXT),
    "bettor": (_low_address, f"{_IS_ADDRESS} in lower case"),
    "betOwner": (_low_address, f"{_IS_ADDRESS} in lower case"),
    "bettorSignature": (_signature, "must be a signature"),
}
_CLIENT: Fields = {
    "attention": (_short, "must be shorter than or equal to 160 characters"),
    "affiliate": (_address, _IS_ADDRESS),
    "core": (_address, _IS_ADDRESS),
    "expiresAt": (_whole, _IS_NUMBER),
    "chainId": (_whole, _IS_NUMBER),
    "relayerFeeAmount": (_digits, _IS_DIGITS),
    "isFeeSponsored": (_boolean, "must be a boolean value"),
    "isBetSponsored": (_boolean, "must be a boolean value"),
    "isSponsoredBetReturnable": (_boolean, "must be a boolean value"),
}
_LEG: Fields = {
    "conditionId": (_digits, _IS_DIGITS),
    "outcomeId": (_whole, _IS_NUMBER),
}
_STAKE: Fields = {
    "minOdds": (_odds, _IS_DIGITS),
    "amount": (_amount, _IS_DIGITS),
    "nonce": (_digits, _IS_DIGITS),
}


def check_single(body: Any) -> None:
    """
    Check the body of `bet/orders/ordinar`.

    Raises:
        MalformedError: it is malformed.
    """
    faults = _order_faults(body)
    faults += _faults(part(body, "clientBetData", "bet"), _LEG | _STAKE, "clientBetData.bet.")
    _raise(faults)


def check_combo(body: Any) -> None:
    """
    Check the body of `bet/orders/combo`.

    Raises:
        MalformedError: it is malformed.
    """
    data = part(body, "clientBetData")
    faults = _order_faults(body) + _faults(data, _STAKE, "clientBetData.")
    legs: Any = data.get("bets")
    if not _list(legs):
        faults.append("clientBetData.bets must be an array")
    else:
        for index, leg in enumerate(legs):
            faults += _faults(leg, _LEG, f"clientBetData.bets.{index}.")
    _raise(faults)


def check_calculation(body: Any) -> None:
    """
    Check the body of `bet/calculation`.

    Raises:
        MalformedError: it is malformed.
    """
    faults = _faults(body, {"environment": (_text, _IS_TEXT)}, "")
    wallet = part(body).get("wallet")
    if wallet is not None and not _address(wallet):
        faults.append(f"wallet {_IS_ADDRESS}")
    legs: Any = part(body).get("bets")
    if not _list(legs):
        faults.append("bets must be an array")
    else:
        for index, leg in enumerate(legs):
            faults += _faults(leg, _LEG, f"bets.{index}.")
    _raise(faults)


def check_ids(body: Any, name: str, *, environment: bool) -> list[str]:
    """
    Return the list of ids in a body.

    Raises:
        MalformedError: there is none, or no environment where one is needed.
    """
    faults = _faults(body, {"environment": (_text, _IS_TEXT)}, "") if environment else []
    ids: Any = part(body).get(name)
    if not isinstance(ids, list) or not all(map(_text, cast("list[Any]", ids))):
        faults.append(f"each value in {name} {_IS_TEXT}")
    _raise(faults)
    return cast("list[str]", ids)


def part(body: Any, *path: str) -> dict[str, Any]:
    """Return an object inside a body; an empty one where there is none."""
    for name in path:
        body = cast("dict[str, Any]", body).get(name) if isinstance(body, dict) else None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}


def _order_faults(body: Any) -> list[str]:
    client = part(body, "clientBetData", "clientData")
    return _faults(body, _ORDER, "") + _faults(client, _CLIENT, "clientBetData.clientData.")


def _faults(body: Any, fields: Fields, prefix: str) -> list[str]:
    given = part(body)
    return [
        f"{prefix}{name} {must}"
        for name, (check, must) in fields.items()
        if not check(given.get(name))
    ]


def _raise(faults: list[str]) -> None:
    if faults:
        raise MalformedError(faults)

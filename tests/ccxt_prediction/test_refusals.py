"""
Every exception of ccxt is decided, and what nobody has decided is unknown.
"""

from typing import Any

import pytest

from tests.ccxt_prediction.stage import errors, order, refusals, stage
from xarb_runtime.domain.orders import Absent, Accepted, Refused, Unknown

#: Whether an exchange that answers an order with this certainly does not have it.
DECIDED = {
    "BaseError": False,
    "ExchangeError": False,  # what nobody has classified
    "AuthenticationError": True,
    "PermissionDenied": True,
    "AccountNotEnabled": True,
    "AccountSuspended": True,
    "ArgumentsRequired": False,  # ccxt's own; before anything is sent it is a refusal anyway
    "BadRequest": True,
    "BadSymbol": True,
    "OperationRejected": False,  # of what, is not said
    "NoChange": False,
    "MarginModeAlreadySet": False,
    "MarketClosed": True,
    "ManualInteractionNeeded": False,  # it may go on when somebody has acted
    "RestrictedLocation": True,
    "InsufficientFunds": True,
    "InvalidAddress": False,
    "AddressPending": False,
    "InvalidOrder": True,
    "OrderNotFound": False,  # says nothing about an order that is being placed
    "OrderNotCached": False,
    "OrderImmediatelyFillable": True,
    "OrderNotFillable": True,
    "DuplicateOrderId": False,  # the opposite of a proof
    "ContractUnavailable": True,
    "NotSupported": False,
    "InvalidProxySettings": False,
    "ExchangeClosedByUser": False,
    "OperationFailed": False,
    "NetworkError": False,
    "DDoSProtection": False,  # somebody between us and the exchange has answered
    "RateLimitExceeded": False,
    "ExchangeNotAvailable": False,
    "OnMaintenance": False,
    "InvalidNonce": False,
    "ChecksumError": False,
    "RequestTimeout": False,
    "BadResponse": False,
    "NullResponse": False,
    "CancelPending": False,
    "UnsubscribeError": False,
}


def names(tree: dict[str, Any]) -> set[str]:
    return {name for key, below in tree.items() for name in (key, *names(below))}


def raising(error: Exception) -> Any:
    def answer(row: Any) -> Any:
        raise error

    return answer


def test_every_exception_of_ccxt_is_decided() -> None:
    assert set(DECIDED) == names(errors.error_hierarchy)
    assert {name for name, refused in DECIDED.items() if refused} == refusals.DEFINITE


@pytest.mark.parametrize(("name", "refused"), DECIDED.items())
async def test_an_answer_to_an_order_refuses_it_or_says_nothing(name: str, refused: bool) -> None:
    scene = stage()
    scene.exchange.status = 400
    scene.exchange.answer = raising(getattr(errors, name)("no"))

    answer = await scene.venue.place(order())

    assert type(answer) is (Refused if refused else Unknown)
    assert await scene.venue.place(order()) == answer or not refused
    assert len(scene.exchange.posted) == 1


@pytest.mark.parametrize("name", DECIDED)
async def test_whatever_happens_before_an_order_is_sent_is_a_refusal(name: str) -> None:
    scene = stage()
    scene.exchange.unlisted = getattr(errors, name)("no such outcome")

    answer = await scene.venue.place(order())

    assert type(answer) is Refused
    assert scene.exchange.posted == []


@pytest.mark.parametrize("status", [0, 100, 302, 408, 409, 418, 425, 429, 500, 502, 503, 504, 530])
@pytest.mark.parametrize("name", sorted(name for name, refused in DECIDED.items() if refused))
async def test_words_prove_nothing_with_a_status_that_proves_nothing(
    name: str, status: int
) -> None:
    scene = stage("myriad")
    scene.exchange.status = status
    scene.exchange.answer = raising(getattr(errors, name)("invalid"))

    assert type(await scene.venue.place(order())) is Unknown


async def test_a_subclass_of_a_refusal_is_no_refusal() -> None:
    strange = type("InvalidOrderSomehow", (errors.InvalidOrder,), {})
    scene = stage()
    scene.exchange.status = 400
    scene.exchange.answer = raising(strange("no"))

    assert type(await scene.venue.place(order())) is Unknown


async def test_what_is_no_exception_of_ccxt_is_unknown_once_an_order_has_left() -> None:
    scene = stage()
    scene.exchange.answer = raising(KeyError("orders"))

    assert type(await scene.venue.place(order())) is Unknown
    assert type(await scene.venue.find(order())) is Unknown


async def test_what_is_no_exception_of_ccxt_is_raised_before_anything_is_sent() -> None:
    scene = stage()
    scene.exchange.unlisted = KeyError("markets")

    with pytest.raises(KeyError):
        await scene.venue.place(order())
    assert type(await scene.venue.find(order())) is Absent


async def test_a_copy_that_is_refused_is_looked_up_first() -> None:
    scene = stage()
    scene.exchange.answer = scene.exchange.keep
    first = await scene.venue.place(order())
    again = stage(exchange=scene.exchange)
    scene.exchange.status = 400
    scene.exchange.answer = raising(errors.BadRequest("order already exists"))

    second = await again.venue.place(order())

    assert type(first) is type(second) is Accepted
    assert len(scene.exchange.rows) == 1


async def test_a_duplicate_that_is_not_found_is_unknown() -> None:
    scene = stage()
    scene.exchange.status = 400
    scene.exchange.answer = raising(errors.DuplicateOrderId("we have it"))

    assert type(await scene.venue.place(order())) is Unknown

"""What the answer to a posted order proves."""

from typing import Any

import pytest

from tests.azuro.inside import part

refusals, wire = part("refusals"), part("wire")

ID = "0xab_1"


def judge(status: int, body: Any) -> Any:
    return refusals.judge(wire.Answer(status, body), ID)


@pytest.mark.parametrize("state", ["Created", "Placed", "Sent", "Pending"])
@pytest.mark.parametrize("status", [200, 201])
def test_an_acknowledgement(status: int, state: str) -> None:
    assert judge(status, {"id": ID.upper().replace("X", "x"), "state": state}).taken == state


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (201, {"id": ID, "state": "Rejected", "error": "TooHighStake"}),
        (201, {"id": ID, "state": "Rejected"}),
        (201, {"id": ID, "state": "Rejected", "error": "Other", "errorMessage": "why"}),
        (400, {"state": "Rejected", "error": "TokenAllowance"}),
        (409, {"id": ID, "state": "Rejected", "error": "BadData"}),
        (
            400,
            {
                "message": ["amount must be a number string"],
                "error": "Bad Request",
                "statusCode": 400,
            },
        ),
    ],
)
def test_a_refusal(status: int, body: Any) -> None:
    found = judge(status, body)

    assert found.refused
    assert not found.taken


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"id": ID, "state": "Rejected", "error": "TooHighStake"}),
        (502, None),
        (503, {"message": ["busy"], "statusCode": 503}),
        (429, {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}),
        (409, {"statusCode": 409, "message": "Order with this nonce already exists"}),
        (400, {"statusCode": 400, "message": "Bad Request"}),
        (400, {"state": "Rejected", "error": "SomethingNew"}),
        (400, {"state": "Rejected"}),
        (404, {"statusCode": 404, "message": "Cannot POST /bet/orders/ordinar"}),
        (201, {"id": ID, "state": "Rejected", "error": "InvalidNonce"}),
        (201, {"id": ID, "state": "Rejected", "error": "TransactionFailed"}),
        (201, {"state": "Rejected", "error": "TooHighStake"}),
        (201, {"id": "0xab_2", "state": "Rejected", "error": "TooHighStake"}),
        (201, {"id": "0xab_2", "state": "Created"}),
        (201, {"state": "Created"}),
        (201, {"id": ID, "state": "Accepted"}),
        (201, {"id": ID, "state": "Frozen"}),
        (201, {"id": ID}),
        (201, []),
        (201, None),
        (400, {"id": ID, "state": "Created"}),
        (302, None),
    ],
)
def test_nothing_is_proven(status: int, body: Any) -> None:
    found = judge(status, body)

    assert (found.taken, found.refused) == ("", "")
    assert found.reason

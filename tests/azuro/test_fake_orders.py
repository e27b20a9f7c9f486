"""An order's way from the request to the chain, and what stops it."""

from tests.azuro.outside import imitation


async def test_an_order_goes_all_the_way_to_the_chain() -> None:
    async with imitation() as bettor:
        status, receipt = await bettor.bet()
        assert (status, receipt["state"]) == (201, "Created")

        bettor.clock.move(30_000)
        order = await bettor.order(receipt["id"])

        assert (order["state"], order["odds"], order["amount"]) == ("Accepted", 1.56, 10)
        states = [state for _, state in bettor.control.order(receipt["id"]).states]
        assert states == ["Created", "Placed", "Sent", "Accepted"]

"""
Messages out: each is confirmed by the broker, or an error says that it may be nowhere.
"""

from aio_pika.exceptions import DeliveryError, PublishError
from aiormq.channel import Channel

from xarb_runtime.bus.rabbitmq.driver import ERRORS, Lost
from xarb_runtime.bus.rabbitmq.outlet import Outlet
from xarb_runtime.plugins.contracts import UnroutableError


class Publisher:
    """
    Publishes to one exchange, over whatever connection there is just now.

    Args:
        exchange: where to.
        confirm_seconds: longest wait for a confirmation.
    """

    def __init__(self, exchange: str, confirm_seconds: float) -> None:
        self._exchange = exchange
        self._confirm_seconds = confirm_seconds
        self._outlet: Outlet | None = None
        self.confirmed = self.unroutable = self.unconfirmed = 0

    def connected(self, channel: Channel) -> None:
        """Publish over this channel from now on; it has confirms, and is ours alone."""
        self._outlet = Outlet(channel, self._exchange, self._confirm_seconds)

    def lost(self) -> None:
        """Publish nothing for now; what is not confirmed yet may have got through."""
        if self._outlet is not None:
            self._outlet.close()
        self._outlet = None

    async def publish(self, body: bytes, routing_key: str, obstacle: str) -> None:
        """
        Publish, and return when the broker has confirmed. If cancelled, it may have got through.

        Args:
            body: the message.
            routing_key: the type of the event.
            obstacle: why there is no publishing now; empty if there is.

        Raises:
            UnroutableError: no queue takes it.
            ConnectionError: it was not confirmed; it may have got through.
        """
        outlet = self._outlet
        if outlet is None or obstacle:
            self.unconfirmed += 1
            raise ConnectionError(f"nothing is published now: {obstacle or 'not connected'}")
        try:
            await outlet.publish(body, routing_key)
        except PublishError as error:
            self.unroutable += 1
            raise UnroutableError(
                f"no queue takes {routing_key} from the exchange {self._exchange}: bind one,"
                " for instance with `xarb bus declare`"
            ) from error
        except ERRORS as error:
            self.unconfirmed += 1
            raise ConnectionError(self._unconfirmed(error, routing_key)) from error
        self.confirmed += 1

    def _unconfirmed(self, error: BaseException, routing_key: str) -> str:
        if isinstance(error, TimeoutError):
            why = f"the broker did not confirm within {self._confirm_seconds:g} s"
        elif isinstance(error, DeliveryError):
            why = "the broker refused it: a queue that takes it is full"
        elif isinstance(error, Lost):
            why = str(error)
        else:
            why = f"the connection broke: {error!r}"
        return f"{routing_key} may not have got through: {why}"

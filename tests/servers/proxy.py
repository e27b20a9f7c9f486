"""
A TCP proxy in front of a server: the network, as bad as a test wants it.

It runs in a thread of its own, so that it works the same for any event loop and for processes.
"""

import contextlib
import select
import socket
import threading
from types import TracebackType

from tests.servers.leash import wait_for
from tests.servers.ports import free_port

_CHUNK = 65536
_TICK_SECONDS = 0.05


class TcpProxy:
    """
    Forwards connections to a port of 127.0.0.1; a context manager.

    Attributes:
        port: where it listens.
        accepted: how many connections it has ever accepted.
    """

    def __init__(self, target: int) -> None:
        self.accepted = 0
        self._target = target
        self._lock = threading.Lock()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._stalled = self._closed = False
        self.port = free_port()
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._pairs) // 2

    def cut(self) -> None:
        """Reset all connections; new ones are welcome."""
        with self._lock:
            for end in self._pairs:
                # Without lingering a close is a reset, as when a cable is pulled for good.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                end.close()
            self._pairs.clear()

    def stall(self) -> None:
        """Keep connections open and accept new ones, but forward nothing from now on."""
        with self._lock:
            self._stalled = True

    def refuse(self) -> None:
        """Cut all connections and refuse new ones."""
        with self._lock:
            if self._listener is not None:
                # Closing alone leaves it listening while the thread still watches it.
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
                self._listener = None
        self.cut()

    def resume(self) -> None:
        """Forward and accept again; what was held back by a stall goes through."""
        with self._lock:
            self._stalled = False
            if self._listener is None and not self._closed:
                self._listener = socket.create_server(("127.0.0.1", self.port))

    def retarget(self, port: int) -> None:
        """Send new connections to another port."""
        with self._lock:
            self._target = port

    def wait_for_connections(self, count: int) -> None:
        """Wait until at least so many connections are open."""
        wait_for(lambda: self.connections >= count, f"{count} connections through the proxy")

    def close(self) -> None:
        """End it."""
        self._closed = True
        self.refuse()
        self._thread.join()

    # -- The thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed:
            with self._lock:
                watched = [] if self._stalled else list(self._pairs)
                watched += [self._listener] if self._listener is not None else []
            # A socket that is closed while it is watched is an error here, and not there any more.
            with contextlib.suppress(OSError, ValueError):
                ready, _, _ = select.select(watched, [], [], _TICK_SECONDS)
                for end in ready:
                    self._serve(end)

    def _serve(self, end: socket.socket) -> None:
        with self._lock:
            if end is self._listener:
                self._accept(end)
            elif end in self._pairs and not self._stalled:
                self._forward(end)

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 5)
        except OSError:
            client.close()
            return
        self.accepted += 1
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pairs[client], self._pairs[server] = server, client

    def _forward(self, end: socket.socket) -> None:
        other = self._pairs[end]
        try:
            if received := end.recv(_CHUNK):
                other.sendall(received)
                return
        except OSError:
            pass
        for closed in (end, other):
            self._pairs.pop(closed, None)
            closed.close()

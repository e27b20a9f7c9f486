"""
The client of a running simulator's desk: says what shall go wrong, and reads what it holds.
"""

import http.client
from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.plugins.simulator_book import Book
from xarb_runtime.plugins.simulator_faults import FaultDoc
from xarb_runtime.plugins.simulator_script import Happened, Waiting

T = TypeVar("T")

#: Nothing there takes as long as this, seconds.
DEADLINE = 20
LOOPBACK = "127.0.0.1"
_LISTS = ("numbers",)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a simulator says of its faults.

    Attributes:
        waiting: what may still go wrong.
        happened: what went wrong, oldest first.
        faults: the words that it understands.
    """

    waiting: list[Waiting]
    happened: list[Happened]
    faults: dict[str, FaultDoc]


class SimulatorClient:
    """
    Talks to one simulator.

    Args:
        address: a port on loopback, or the URL that `xarb venue-sim` has said.

    Raises:
        ProblemError: it is neither.
    """

    def __init__(self, address: str) -> None:
        url = f"http://{LOOPBACK}:{address}" if address.isdigit() else address
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if host is None or port is None:
            problem = Problem(
                what="this is no simulator's address",
                where=address,
                expected="a port, or a URL such as http://127.0.0.1:8101",
            )
            raise ProblemError(problem)
        self._host, self._port = host, port
        self.url = f"http://{host}:{port}"

    def told(self) -> Told:
        """
        Return what waits to go wrong, and what did.

        Raises:
            ProblemError: no simulator listens there.
        """
        return self._call("GET", "faults", None, Told)

    def add(self, faults: Iterable[dict[str, Any]]) -> Told:
        """
        Let something go wrong: all of it or, if a part does not fit, nothing.

        Raises:
            ProblemError: a fault does not fit, or no simulator listens there.
        """
        return self._call("POST", "faults", list(faults), Told)

    def clear(self) -> Told:
        """
        Let nothing go wrong any more.

        Raises:
            ProblemError: no simulator listens there.
        """
        return self._call("DELETE", "faults", None, Told)

    def book(self) -> Book:
        """
        Return what can be bet on, and the truth about every order.

        Raises:
            ProblemError: no simulator listens there.
        """
        return self._call("GET", "book", None, Book)

    def _call(self, method: str, path: str, body: object, shape: type[T]) -> T:
        status, found = self._send(method, f"/sim/{path}", body)
        try:
            if status == http.client.OK:
                return msgspec.json.decode(found, type=shape, strict=False)
            problem = msgspec.json.decode(found, type=dict[str, Any]).get("error")
        except msgspec.DecodeError:
            problem = None
        if status == http.client.BAD_REQUEST and problem:
            raise ProblemError(Problem(what=str(problem), where=self.url))
        what = "nothing here can be told what shall go wrong"
        found_text = f"HTTP status {status}"
        do = "It is no simulator, or its plugin has no such path"
        raise ProblemError(Problem(what=what, where=self.url, found=found_text, do=do), 503)

    def _send(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=DEADLINE)
        try:
            connection.request(
                method, path, body=None if body is None else msgspec.json.encode(body)
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            problem = Problem(
                what="no simulator answers",
                where=self.url,
                found=str(error) or type(error).__name__,
                do="Start one with `xarb venue-sim`; its first line says where it is",
            )
            raise ProblemError(problem, 503) from error
        finally:
            connection.close()


def spelled(word: str, facts: Iterable[str]) -> dict[str, Any]:
    """
    Return a fault as it was typed: a word, and `key=value`.

    Raises:
        ProblemError: something is no `key=value`.
    """
    fault: dict[str, Any] = {"fault": word}
    for fact in facts:
        key, separator, value = fact.partition("=")
        if not separator:
            problem = Problem(
                what="this says nothing of the fault",
                where=fact,
                expected="a key and a value, such as next=2, during=10s, numbers=3,5 or wait=7s",
            )
            raise ProblemError(problem)
        fault[key] = value.split(",") if key in _LISTS else value
    return fault


def faults_in(settings: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """
    Return the faults of a file: what stands under `faults`.

    Raises:
        ProblemError: there is no such list.
    """
    found = settings.get("faults")
    if set(settings) != {"faults"} or not isinstance(found, list):
        problem = Problem(
            what="this is no script of faults", where=where, expected="one key, faults, with a list"
        )
        raise ProblemError(problem)
    return found

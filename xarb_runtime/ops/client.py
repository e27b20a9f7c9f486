"""
The control API's client: what the commands of `xarb` talk through. Synchronous, with deadlines.
"""

import http.client
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from xarb_runtime.ops.address import read_address
from xarb_runtime.ops.bodies import SubmitAnswer
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.token import read_token
from xarb_runtime.service.settings_model import Settings

T = TypeVar("T")

#: Longer than the API itself takes for anything, seconds.
DEADLINE = 40


class NotRunningError(ProblemError):
    """Nobody listens where the runtime of this deployment would."""


class ControlClient:
    """
    Calls one control API.

    Attributes:
        url: where it listens.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def get(self, path: str, shape: type[T], **query: object) -> T:
        """
        Read something.

        Raises:
            NotRunningError: nobody listens.
            ProblemError: what the API says is wrong.
        """
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path, None, shape)

    def post(self, path: str, shape: type[T], body: object = None) -> T:
        """
        Say something.

        Raises:
            NotRunningError: nobody listens.
            ProblemError: what the API says is wrong.
        """
        return self._call("POST", path, msgspec.json.encode(body), shape)

    def submit(self, body: bytes) -> SubmitAnswer:
        """
        Submit messages; the answer says which of them the bus has taken.

        Raises:
            NotRunningError: nobody listens.
            ProblemError: what the API says is wrong.
        """
        status, found = self._send("POST", "/submit", body)
        if status in {202, 429}:
            return msgspec.json.decode(found, type=SubmitAnswer)
        raise self._problem(status, found)

    def _call(self, method: str, path: str, body: bytes | None, shape: type[T]) -> T:
        status, found = self._send(method, path, body)
        if status != http.client.OK:
            raise self._problem(status, found)
        return msgspec.json.decode(found, type=shape, strict=False)

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=DEADLINE
        )
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionRefusedError as error:
            raise NotRunningError(not_running(self.url), 503) from error
        except (OSError, http.client.HTTPException) as error:
            raise ProblemError(_broken(self.url, error), 503) from error
        finally:
            connection.close()

    def _problem(self, status: int, body: bytes) -> ProblemError:
        try:
            problem = msgspec.json.decode(body, type=Problem)
        except msgspec.DecodeError:
            problem = Problem(
                what="this is not the control API of xarb",
                where=self.url,
                expected="an answer of xarb",
                found=f"HTTP status {status}",
                do="Look at control.port: does something else listen there?",
            )
        return ProblemError(problem, status)


def open_client(folder: Path, settings: Settings) -> ControlClient:
    """
    Return the client of a deployment's runtime.

    Raises:
        NotRunningError: it was never started here, or its address is not known.
        ProblemError: the token's file cannot be used.
    """
    control = settings.control
    token_file = folder / control.token_file
    url = f"http://{_host(control.host)}:{control.port}"
    if not control.port:
        address = read_address(token_file)
        if address is None:
            raise NotRunningError(not_running(str(folder)), 503)
        url = address.url
    if not token_file.exists():
        raise NotRunningError(not_running(url), 503)
    return ControlClient(url, read_token(token_file))


def segment(name: str) -> str:
    """Return a name as one segment of a path."""
    return quote(name, safe="")


def not_running(where: str) -> Problem:
    """Return the problem that no runtime answers."""
    return Problem(what="no runtime is running", where=where, do="Start it: xarb run")


def _broken(url: str, error: Exception) -> Problem:
    return Problem(
        what="the runtime did not answer",
        where=url,
        expected=f"an answer within {DEADLINE} s",
        found=f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
        do="xarb status; what was asked may have happened all the same",
    )


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""
The control API: HTTP on loopback, for `xarb status`, `pause`, `stop` and the others.

Whoever has the installation's token may do everything; nobody else gets anything. Bodies are JSON;
`ops/bodies.py` has their types. An error is a `Problem`.
"""

import asyncio
import hmac
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
import structlog
from aiohttp import web

from xarb_runtime.domain.steps import Status
from xarb_runtime.ops.bodies import (
    NAME_LENGTH,
    TEXT_LENGTH,
    ReplayOrder,
    Resolution,
    Word,
    letter_view,
)
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.looking import status_of
from xarb_runtime.ops.messages import split_messages
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.timeline import view_of
from xarb_runtime.ops.words import LEVEL_WORDS, Words
from xarb_runtime.service.runtime import Runtime, RuntimeEndedError
from xarb_runtime.store.errors import StoreError

T = TypeVar("T", bound=msgspec.Struct)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger("xarb.control")

LONGEST_BODY = 16 * 1024 * 1024
#: Longest time for one request, seconds.
REQUEST_SECONDS = 30
MOST_ROWS = 1000


class Control:
    """The routes of one runtime."""

    def __init__(self, runtime: Runtime, watch: ExposureWatch, token: str) -> None:
        self._runtime = runtime
        self._watch = watch
        self._token = token.encode()
        self._words = Words(runtime, watch)
        self._started_ms = runtime.clock.now_ms()

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(middlewares=[self._guard], client_max_size=LONGEST_BODY)
        app.add_routes(
            [
                web.get("/status", self._status),
                *(web.post(f"/{action}", self._level) for action in LEVEL_WORDS),
                web.get("/executions", self._executions),
                web.get("/executions/{id}", self._execution),
                web.post("/executions/{id}/retry", self._retry),
                web.get("/incidents", self._incidents),
                web.post("/incidents/{id}/resolve", self._resolve),
                web.get("/dead-letters", self._dead_letters),
                web.get("/dead-letters/{number}", self._dead_letter),
                web.post("/dead-letters/{number}/replay", self._replay),
                web.post("/submit", self._submit),
            ]
        )
        return app

    # -- Around every request --------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let nobody in without the token, and answer every failure with a problem."""
        try:
            self._check_token(request)
            async with asyncio.timeout(REQUEST_SECONDS):
                return await handler(request)
        except ProblemError as error:
            return _answer(error.problem, error.status)
        except web.HTTPException as error:
            where = f"{request.method} {request.path}"
            return _answer(Problem(what=error.reason, where=where), error.status)
        except TimeoutError:
            problem = Problem(what="no answer in time", found=f"{REQUEST_SECONDS} s have passed")
            return _answer(problem, HTTPStatus.GATEWAY_TIMEOUT)
        except (StoreError, ConnectionError, RuntimeEndedError) as error:
            return _answer(Problem(what=str(error)), HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception as error:
            log.exception("control_failed", path=request.path)
            what = f"the control API itself failed: {type(error).__name__}"
            problem = Problem(what=what, do="Look into the log")
            return _answer(problem, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _check_token(self, request: web.Request) -> None:
        scheme, _, found = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and hmac.compare_digest(found.encode(), self._token):
            return
        problem = Problem(
            what="this is not the token of this installation",
            where="header Authorization",
            expected="Bearer and the token of control.token_file",
            found="none" if not found else "another one",
            do="Call from the deployment's folder, as the user who runs it",
        )
        raise ProblemError(problem, HTTPStatus.UNAUTHORIZED)

    # -- Reading ---------------------------------------------------------------------------------

    async def _status(self, request: web.Request) -> web.Response:
        _only(request)
        return _answer(status_of(self._runtime, self._watch, self._started_ms))

    async def _executions(self, request: web.Request) -> web.Response:
        _only(request, "status", "limit")
        found = await self._runtime.journal.queries.executions(
            _status_in(request), limit=_limit_in(request)
        )
        return _answer(found)

    async def _execution(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        timeline = await self._runtime.journal.queries.execution(identity)
        if timeline is None:
            do = "xarb executions lists those that there are"
            problem = Problem(what="there is no such execution", where=identity, do=do)
            raise ProblemError(problem, HTTPStatus.NOT_FOUND)
        return _answer(view_of(timeline))

    async def _incidents(self, request: web.Request) -> web.Response:
        _only(request, "all", "limit")
        found = await self._runtime.journal.queries.incidents(
            open_only=not _flag_in(request, "all"), limit=_limit_in(request)
        )
        return _answer(found)

    async def _dead_letters(self, request: web.Request) -> web.Response:
        _only(request, "all", "limit")
        found = await self._runtime.journal.queries.dead_letters(
            waiting_only=not _flag_in(request, "all"), limit=_limit_in(request)
        )
        return _answer([letter_view(row) for row in found])

    async def _dead_letter(self, request: web.Request) -> web.Response:
        number = _number_in(request)
        found = await self._runtime.journal.queries.dead_letter(number)
        if found is None:
            what = "there is no such dead letter"
            problem = Problem(what=what, where=str(number), do="xarb dead-letters lists them")
            raise ProblemError(problem, HTTPStatus.NOT_FOUND)
        return _answer(letter_view(found))

    # -- Words -----------------------------------------------------------------------------------

    async def _level(self, request: web.Request) -> web.Response:
        word = await _body(request, Word)
        return _answer(await self._words.level(request.path.lstrip("/"), word))

    async def _retry(self, request: web.Request) -> web.Response:
        word = await _body(request, Word)
        return _answer(await self._words.retry(request.match_info["id"], word))

    async def _resolve(self, request: web.Request) -> web.Response:
        resolution = await _body(request, Resolution)
        if not resolution.note.strip():
            problem = Problem(
                what="an incident is closed with a note",
                where="note",
                expected="what was found and what was done",
                found="nothing",
            )
            raise ProblemError(problem)
        return _answer(await self._words.resolve(request.match_info["id"], resolution))

    async def _replay(self, request: web.Request) -> web.Response:
        order = await _body(request, ReplayOrder)
        return _answer(await self._words.replay(_number_in(request), order))

    async def _submit(self, request: web.Request) -> web.Response:
        bodies = split_messages(await request.read())
        if not bodies:
            problem = Problem(
                what="there is nothing to submit",
                where="body",
                expected="a CloudEvent, a JSON array of them, or one a line",
                found="nothing",
            )
            raise ProblemError(problem)
        answer = await self._words.submit(bodies)
        late = HTTPStatus.TOO_MANY_REQUESTS if answer.unsure else HTTPStatus.ACCEPTED
        return _answer(answer, late)


# -- Requests and answers ------------------------------------------------------------------------


def _answer(value: Any, status: int = HTTPStatus.OK) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json")


async def _body(request: web.Request, shape: type[T]) -> T:
    try:
        found = msgspec.json.decode(await request.read() or b"{}", type=shape)
    except msgspec.DecodeError as error:
        expected = ", ".join(shape.__struct_fields__)
        problem = Problem(
            what=f"the body does not fit: {error}",
            where=f"{request.method} {request.path}",
            expected=f"a JSON object with {expected}",
        )
        raise ProblemError(problem) from error
    _check_operator(getattr(found, "operator", ""))
    _check_lengths(found)
    return found


def _check_operator(name: str) -> None:
    if not (0 < len(name) <= NAME_LENGTH and name.isprintable() and name == name.strip()):
        problem = Problem(
            what="it is noted who says this",
            where="operator",
            expected=f"a name of 1 to {NAME_LENGTH} printable characters",
            found=repr(name[:NAME_LENGTH]),
        )
        raise ProblemError(problem)


def _check_lengths(found: msgspec.Struct) -> None:
    for name in ("reason", "note"):
        if len(getattr(found, name, "")) > TEXT_LENGTH:
            expected = f"at most {TEXT_LENGTH} characters"
            raise ProblemError(Problem(what="this text is too long", where=name, expected=expected))


def _only(request: web.Request, *known: str) -> None:
    for name in request.query:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "none"
            what = "this parameter means nothing here"
            raise ProblemError(Problem(what=what, where=name, expected=expected))


def _status_in(request: web.Request) -> Status | None:
    text = request.query.get("status", "")
    if not text:
        return None
    try:
        return Status(text)
    except ValueError as error:
        expected = "one of " + ", ".join(status.value for status in Status)
        what = "there is no such status"
        problem = Problem(what=what, where="status", expected=expected, found=text)
        raise ProblemError(problem) from error


def _limit_in(request: web.Request) -> int:
    text = request.query.get("limit", "50")
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_ROWS):
        expected = f"a whole number from 1 to {MOST_ROWS}"
        problem = Problem(what="this is no limit", where="limit", expected=expected, found=text)
        raise ProblemError(problem)
    return int(text)


def _flag_in(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "0")
    if text not in {"0", "1", "false", "true"}:
        expected = "1 or 0"
        problem = Problem(what="this is neither", where=name, expected=expected, found=text)
        raise ProblemError(problem)
    return text in {"1", "true"}


def _number_in(request: web.Request) -> int:
    text = request.match_info["number"]
    if not (text.isascii() and text.isdigit()):
        problem = Problem(what="dead letters are numbered", expected="a whole number", found=text)
        raise ProblemError(problem)
    return int(text)


# -- The server ----------------------------------------------------------------------------------


def check_loopback(host: str) -> None:
    """
    Refuse an address that others can reach.

    Raises:
        ProblemError: the host is not a loopback address.
    """
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        problem = Problem(
            what="the control API is for this machine only",
            where="control.host",
            expected="a loopback address such as 127.0.0.1",
            found=host,
            do="To reach it from elsewhere use an SSH tunnel",
        )
        raise ProblemError(problem)


@asynccontextmanager
async def serve_control(
    control: Control, host: str, port: int, *, remote: bool = False
) -> AsyncIterator[str]:
    """
    Serve the control API and give its address, e.g. `http://127.0.0.1:8642`.

    Args:
        control: the routes.
        host: where to listen.
        port: where to listen; 0 takes a free port.
        remote: allow an address that others can reach.

    Raises:
        ProblemError: the host is no loopback address, or nobody can listen there.
    """
    if not remote:
        check_loopback(host)
    runner = web.AppRunner(control.application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ProblemError(_taken(host, port, error)) from error
        name, bound = runner.addresses[0][:2]
        yield f"http://{f'[{name}]' if ':' in name else name}:{bound}"
    finally:
        await runner.cleanup()


def _taken(host: str, port: int, error: OSError) -> Problem:
    return Problem(
        what="the control API cannot listen",
        where=f"control.host and control.port, {host}:{port}",
        expected="a free port",
        found=error.strerror or str(error),
        do="Is another runtime of this machine on it? Choose another port, or 0 for any free one",
    )

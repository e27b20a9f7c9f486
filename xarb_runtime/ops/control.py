"""
The control API: HTTP on loopback, for `xarb status`, `pause`, `stop` and the others.

Whoever has the installation's token may do everything; nobody else gets anything. Bodies are JSON;
`ops/bodies.py` has their types. An error is a `Problem`.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import web

from xarb_runtime.ops.bodies import (
    ReplayOrder,
    Resolution,
    Word,
    letter_view,
)
from xarb_runtime.ops.exposure import ExposureWatch
from xarb_runtime.ops.looking import status_of
from xarb_runtime.ops.messages import split_messages
from xarb_runtime.ops.posting import Posting
from xarb_runtime.ops.problems import Problem, ProblemError
from xarb_runtime.ops.requests import answer, body_of, flag_in, limit_in, number_in, only, status_in
from xarb_runtime.ops.timeline import view_of
from xarb_runtime.ops.words import LEVEL_WORDS, Words
from xarb_runtime.service.runtime import Runtime, RuntimeEndedError
from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.queries import Queries

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger("xarb.control")

LONGEST_BODY = 16 * 1024 * 1024
#: Longest time for one request, seconds.
REQUEST_SECONDS = 30


class Control:
    """The routes of one runtime."""

    def __init__(self, runtime: Runtime, watch: ExposureWatch, token: str) -> None:
        self._runtime = runtime
        self._watch = watch
        self._token = token.encode()
        self._words = Words(runtime, watch)
        self._posting = Posting(runtime)
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
            return answer(error.problem, error.status)
        except web.HTTPException as error:
            where = f"{request.method} {request.path}"
            return answer(Problem(what=error.reason, where=where), error.status)
        except TimeoutError:
            problem = Problem(what="no answer in time", found=f"{REQUEST_SECONDS} s have passed")
            return answer(problem, HTTPStatus.GATEWAY_TIMEOUT)
        except (StoreError, ConnectionError, RuntimeEndedError) as error:
            return answer(Problem(what=str(error)), HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception as error:
            log.exception("control_failed", path=request.path)
            what = f"the control API itself failed: {type(error).__name__}"
            problem = Problem(what=what, do="Look into the log")
            return answer(problem, HTTPStatus.INTERNAL_SERVER_ERROR)

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
        only(request)
        return answer(status_of(self._runtime, self._watch, self._started_ms))

    async def _executions(self, request: web.Request) -> web.Response:
        only(request, "status", "limit")
        stored = await self._stored()
        found = await stored.executions(status_in(request), limit=limit_in(request))
        return answer(found)

    async def _execution(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        timeline = await (await self._stored()).execution(identity)
        if timeline is None:
            do = "xarb executions lists those that there are"
            problem = Problem(what="there is no such execution", where=identity, do=do)
            raise ProblemError(problem, HTTPStatus.NOT_FOUND)
        return answer(view_of(timeline))

    async def _incidents(self, request: web.Request) -> web.Response:
        only(request, "all", "limit")
        stored = await self._stored()
        found = await stored.incidents(
            open_only=not flag_in(request, "all"), limit=limit_in(request)
        )
        return answer(found)

    async def _dead_letters(self, request: web.Request) -> web.Response:
        only(request, "all", "limit")
        stored = await self._stored()
        found = await stored.dead_letters(
            waiting_only=not flag_in(request, "all"), limit=limit_in(request)
        )
        return answer([letter_view(row) for row in found])

    async def _dead_letter(self, request: web.Request) -> web.Response:
        number = number_in(request)
        found = await (await self._stored()).dead_letter(number)
        if found is None:
            what = "there is no such dead letter"
            problem = Problem(what=what, where=str(number), do="xarb dead-letters lists them")
            raise ProblemError(problem, HTTPStatus.NOT_FOUND)
        return answer(letter_view(found))

    async def _stored(self) -> Queries:
        """The store, once it holds whatever a status has told of before."""
        await self._runtime.journal.written()
        return self._runtime.journal.queries

    # -- Words -----------------------------------------------------------------------------------

    async def _level(self, request: web.Request) -> web.Response:
        word = await body_of(request, Word)
        return answer(await self._words.level(request.path.lstrip("/"), word))

    async def _retry(self, request: web.Request) -> web.Response:
        word = await body_of(request, Word)
        return answer(await self._words.retry(request.match_info["id"], word))

    async def _resolve(self, request: web.Request) -> web.Response:
        resolution = await body_of(request, Resolution)
        if not resolution.note.strip():
            problem = Problem(
                what="an incident is closed with a note",
                where="note",
                expected="what was found and what was done",
                found="nothing",
            )
            raise ProblemError(problem)
        return answer(await self._words.resolve(request.match_info["id"], resolution))

    async def _replay(self, request: web.Request) -> web.Response:
        order = await body_of(request, ReplayOrder)
        return answer(await self._posting.replay(number_in(request), order))

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
        found = await self._posting.submit(bodies)
        late = HTTPStatus.TOO_MANY_REQUESTS if found.unsure else HTTPStatus.ACCEPTED
        return answer(found, late)

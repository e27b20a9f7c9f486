"""
Where Prometheus and a service manager look: `/metrics`, `/healthz` and `/readyz`.

It listens for itself, beside the control API, and can do nothing but tell. It answers in the
runtime's own loop: when the loop is stuck, so is the answer, and whoever asks knows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import msgspec
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from xarb_runtime.ops.listening import listening, require_loopback
from xarb_runtime.ops.metrics.health import Health
from xarb_runtime.ops.metrics.readings import Reader
from xarb_runtime.ops.metrics.registry import Collectors
from xarb_runtime.service.settings_sections import MetricsSettings

WHAT = "the listener of metrics"


class Listener:
    """The three routes of one runtime."""

    def __init__(
        self, collectors: Collectors, reader: Reader, health: Callable[[], Health]
    ) -> None:
        self._collectors = collectors
        self._reader = reader
        self._health = health

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        return app

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        self._collectors.readings.take(self._reader.read())
        # Writing some thousand lines takes longer than the loop should wait.
        body = await asyncio.to_thread(encode, self._collectors.registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _told(self._health().dead)

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _told(self._health().unready)


def _told(reasons: list[str]) -> web.Response:
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    body = {"status": "no" if reasons else "ok", "reasons": reasons}
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


@asynccontextmanager
async def serve_metrics(listener: Listener, settings: MetricsSettings) -> AsyncIterator[str]:
    """
    Serve metrics and give their address, e.g. `http://127.0.0.1:9464`.

    Raises:
        ProblemError: nobody can listen there, or others could and `metrics.remote` is false.
    """
    check_metrics_host(settings)
    app, host, port = listener.application(), settings.host, settings.port
    async with listening(app, host, port, "metrics", WHAT) as url:
        yield url


def check_metrics_host(settings: MetricsSettings) -> None:
    """
    Refuse an address that others can reach, unless the settings want that.

    Raises:
        ProblemError: the host is not a loopback address.
    """
    if not settings.remote:
        do = "Set metrics.remote to true if others are to read the metrics; there is no password"
        require_loopback(settings.host, "metrics", WHAT, do)

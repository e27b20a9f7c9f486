"""Plugins that look on are shown what is on disk: incidents when they open and when they close."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.service.fickle import FickleBus
from tests.service.outside import OUTSIDE, play, until
from xarb_runtime.domain.orders import OrderReport, OrderStatus
from xarb_runtime.service.inbox import Delivery
from xarb_runtime.service.runtime import Runtime
from xarb_runtime.service.settings_model import PluginSettings
from xarb_runtime.store.batch import Closure

PLUGIN = """
import json
from pathlib import Path

from xarb_runtime.plugins import hookimpl

SEEN = Path(__file__).with_name("seen.json")


@hookimpl
def xarb_on_incident(incident):
    with SEEN.open("a") as file:
        file.write(json.dumps(incident) + "\\n")
"""


def test_an_incident_is_shown_when_it_opens_and_when_it_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "onlooker"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PLUGIN)
    plugins = PluginSettings(folders=("plugins", str(tmp_path / "mine")))
    settings = msgspec.structs.replace(OUTSIDE, plugins=plugins)

    async def use(runtime: Runtime) -> None:
        report = OrderReport(
            client_id="x-9:1:0",
            sequence=1,
            time_ms=1,
            status=OrderStatus.FILLED,
            filled=Decimal(1),
            odds=Decimal(2),
            final=True,
        )
        runtime.inbox.put(runtime.dispatcher.heard(report, "sx"))
        await until(lambda: bool(runtime.desk.register.all))
        (incident,) = runtime.desk.register.all
        closure = Closure(id=incident.id, closed_ms=5, closed_by="operator:ann", note="ours")
        await runtime.tell(Delivery(closure=closure))
        await runtime.tell(Delivery(closure=closure))

    play(tmp_path / "run", FickleBus(), use, settings)
    lines = (folder / "seen.json").read_bytes().splitlines()
    opened, closed = (msgspec.json.decode(line, type=dict[str, Any]) for line in lines)

    assert (opened["kind"], opened["severity"]) == ("orphan_order", "critical")
    assert "closed_ms" not in opened
    assert closed == opened | {"closed_ms": 5, "closed_by": "operator:ann", "note": "ours"}

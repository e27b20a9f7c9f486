"""
The Grafana dashboard, made from the list of panels.
"""

import json
import re
from itertools import groupby
from typing import Any

from xarb_runtime.ops.metrics.catalogue import METRICS
from xarb_runtime.ops.metrics.model import Panel
from xarb_runtime.ops.metrics.panels import PANELS

#: The version of the dashboard's JSON; Grafana 10 and later read it and bring it up to date.
SCHEMA_VERSION = 39
WIDE = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_SERIES = re.compile(
    rf"\b({'|'.join(sorted((name for it in METRICS for name in it.samples), reverse=True))})\b"
    r"(?:\{([^}]*)\})?"
)
_CHOSEN = 'job=~"$job",instance=~"$instance"'


def dashboard() -> dict[str, Any]:
    """Return the dashboard as plain data."""
    return {
        "uid": "xarb",
        "title": "xarb",
        "description": "Two-leg arbitrages: what is open, what it may cost, and what runs it.",
        "tags": ["xarb"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "annotations": {"list": [_restarts()]},
        "links": [],
        "templating": {"list": [_source(), _variable("job"), _variable("instance")]},
        "panels": _placed(),
    }


def dashboard_file() -> str:
    """Return the dashboard as a file to import."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


def chosen(expression: str) -> str:
    """Return an expression that looks at the chosen processes only."""
    return _SERIES.sub(
        lambda it: f"{it[1]}{{{','.join(filter(None, [it[2], _CHOSEN]))}}}", expression
    )


# -- Around the panels ---------------------------------------------------------------------------


def _restarts() -> dict[str, Any]:
    return {
        "name": "Starts of the runtime",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": chosen("changes(xarb_lease_epoch[1m]) > 0"),
        "step": "30s",
        "titleFormat": "started",
        "textFormat": "epoch of the lease has grown",
    }


def _source() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
    }


def _variable(label: str) -> dict[str, Any]:
    within = '{job=~"$job"}' if label == "instance" else ""
    query = f"label_values(xarb_build_info{within}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": f"xarb-{label}"},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "hide": 0,
    }


# -- Panels --------------------------------------------------------------------------------------


def _placed() -> list[dict[str, Any]]:
    """All panels with their place on the grid, each row under a heading."""
    made: list[dict[str, Any]] = []
    top = 0
    for row, panels in groupby(PANELS, key=lambda it: it.row):
        made.append(_row(row, len(made) + 1, top))
        top += 1
        left = height = 0
        for panel in panels:
            if left + panel.width > WIDE:
                top, left, height = top + height, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            made.append(_panel(panel, len(made) + 1, place))
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return made


def _row(title: str, number: int, top: int) -> dict[str, Any]:
    place = {"x": 0, "y": top, "w": WIDE, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": place,
        "panels": [],
    }


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        **({"description": panel.about} if panel.about else {}),
        "gridPos": place,
        "datasource": _SOURCE,
        "targets": [_target(panel, index) for index in range(len(panel.queries))],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
        **({"transformations": _AS_ONE_TABLE} if panel.kind == "table" else {}),
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind != "stat":
        return _OPTIONS[panel.kind]
    # By itself Grafana leaves the name out where there is one value; of a level it is the point.
    named = any(query.legend for query in panel.queries)
    return {**_OPTIONS["stat"], "textMode": "value_and_name" if named else "value"}


def _target(panel: Panel, index: int) -> dict[str, Any]:
    query = panel.queries[index]
    now = panel.kind in {"stat", "table"}
    return {
        "refId": chr(ord("A") + index),
        "datasource": _SOURCE,
        "expr": chosen(query.expression),
        "legendFormat": query.legend or panel.title,
        "instant": now,
        "range": not now,
        "format": "table" if panel.kind == "table" else "time_series",
        "editorMode": "code",
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    colour = "thresholds" if panel.kind != "timeseries" else "palette-classic"
    return {
        "unit": panel.unit,
        "color": {"mode": colour},
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": value, "color": colour} for value, colour in panel.steps],
        },
        "mappings": [_mapping(panel)] if panel.mapped else [],
        "custom": _custom(panel),
    }


def _mapping(panel: Panel) -> dict[str, Any]:
    options = {
        f"{value:g}": {"text": text, "color": colour, "index": index}
        for index, (value, text, colour) in enumerate(panel.mapped)
    }
    return {"type": "value", "options": options}


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.kind == "state-timeline":
        return {"fillOpacity": 80, "lineWidth": 0}
    if panel.kind != "timeseries":
        return {}
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
    }


_NEWEST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {
            "showLegend": True,
            "displayMode": "list",
            "placement": "bottom",
            "calcs": [],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": _NEWEST,
        "orientation": "auto",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
    },
    "state-timeline": {
        "showValue": "auto",
        "mergeValues": True,
        "rowHeight": 0.8,
        "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}
#: The queries of a table side by side, without what Prometheus adds.
_AS_ONE_TABLE: list[dict[str, Any]] = [
    {"id": "joinByField", "options": {"byField": "instance", "mode": "outer"}},
    {
        "id": "organize",
        "options": {
            "excludeByName": {"Time 1": True, "Time 2": True, "job 2": True, "__name__": True},
            "renameByName": {"job 1": "job", "Value #A": "epoch", "Value #B": "started"},
        },
    },
]

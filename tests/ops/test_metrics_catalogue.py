"""The list of metrics, and what is made from it: nothing drifts, nothing is named twice."""

import json
import re
from itertools import pairwise

import pytest
import yaml

from tests.docs.test_pages import anchors
from tests.house.source import ROOT
from xarb_runtime.ops.metrics.alerts import ALERTS, rule_file, rules
from xarb_runtime.ops.metrics.catalogue import BY_NAME, METRICS
from xarb_runtime.ops.metrics.dashboard import WIDE, dashboard, dashboard_file
from xarb_runtime.ops.metrics.model import Metric
from xarb_runtime.ops.metrics.panels import PANELS

MONITORING = ROOT / "docs" / "monitoring"
SAMPLES = {sample: metric for metric in METRICS for sample in metric.samples}
#: Labels that Prometheus adds by itself, and that of histograms' buckets.
ADDED = {"job", "instance", "le"}
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
FUNCTIONS = {"sum", "max", "min", "rate", "increase", "changes", "absent", "time"}
WORDS = FUNCTIONS | {"histogram_quantile", "by", "on", "and", "or", "unless"}
WORDS |= {"group_left", "group_right"}
EXPRESSIONS = [
    *((f"panel {panel.title}", query.expression) for panel in PANELS for query in panel.queries),
    *((f"alert {alert.name}", alert.expression) for alert in ALERTS),
]


def named(metric: Metric) -> str:
    return metric.name


# -- Names ---------------------------------------------------------------------------------------


def test_every_metric_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(METRICS)
    assert len(SAMPLES) == sum(len(metric.samples) for metric in METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=named)
def test_names_follow_the_conventions_of_prometheus(metric: Metric) -> None:
    name = metric.name

    assert re.fullmatch(r"(?:xarb|process)_[a-z][a-z0-9_]*", name)
    assert name.startswith("process_") == metric.standard
    assert name.endswith("_total") == (metric.kind == "counter")
    assert not re.search(r"_(?:ms|milliseconds|minutes|percent|kb|mb)(?:_|$)", name)
    assert not metric.name.endswith(("_sum", "_count", "_bucket"))
    assert metric.help.endswith(".")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert all(low < high for low, high in pairwise(metric.buckets))


@pytest.mark.parametrize("metric", METRICS, ids=named)
def test_no_label_can_hold_an_execution(metric: Metric) -> None:
    assert not {"execution", "id", "key", "client_id", "event"} & set(metric.labels)
    assert not ADDED & set(metric.labels)


@pytest.mark.parametrize("metric", METRICS, ids=named)
def test_money_is_called_what_it_is_here(metric: Metric) -> None:
    money = re.search(r"_(?:stake|filled|profit|loss|taken_back|worst_case)(?:_|$)", metric.name)

    assert bool(money) == ("binary float" in metric.help)


# -- Expressions ---------------------------------------------------------------------------------


def parts(expression: str) -> tuple[set[str], dict[str, set[str]], set[str]]:
    """The metrics of an expression, the labels that are asked of each, those grouped by."""
    text = expression.replace("$__rate_interval", "1m")
    asked: dict[str, set[str]] = {}
    for name, inside in re.findall(r"([a-z_]+)\{([^}]*)\}", text):
        asked.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside))
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", text)
    grouped: set[str] = set()
    for inside in re.findall(r"\b(?:by|on|group_left|group_right)\s*\(([^)]*)\)", text):
        grouped |= set(NAME.findall(inside))
    text = re.sub(r"\b(by|on|group_left|group_right)\s*\([^)]*\)", r"\1", text)
    return set(NAME.findall(text)) - WORDS, asked, grouped


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_expressions_use_metrics_and_labels_that_exist(where: str, expression: str) -> None:
    names, asked, grouped = parts(expression)

    assert names, where
    assert names <= set(SAMPLES), f"{where}: {names - set(SAMPLES)}"
    for name, labels in asked.items():
        assert labels <= {*SAMPLES[name].labels, *ADDED}, f"{where}: {name}"
    known = {label for name in names for label in SAMPLES[name].labels}
    assert grouped <= known | ADDED, f"{where}: {grouped - known - ADDED}"


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_counters_are_looked_at_as_rates_and_gauges_are_not(where: str, expression: str) -> None:
    for name in parts(expression)[0]:
        rated = bool(re.search(rf"(?:rate|increase)\({name}(?:\{{[^}}]*\}})?\[", expression))

        assert rated == (SAMPLES[name].kind != "gauge"), f"{where}: {name}"


def test_a_metric_that_does_not_exist_is_noticed() -> None:
    names, asked, grouped = parts('sum by (venue) (rate(xarb_nothing_total{slot="a"}[5m])) > 1')

    assert (names, asked, grouped) == (
        {"xarb_nothing_total"},
        {"xarb_nothing_total": {"slot"}},
        {"venue"},
    )


@pytest.mark.parametrize("panel", PANELS, ids=lambda it: it.title)
def test_legends_name_labels_that_the_expression_leaves(panel) -> None:
    for query in panel.queries:
        names, _, grouped = parts(query.expression)
        own = {label for name in names for label in SAMPLES[name].labels}
        kept = grouped if " by (" in query.expression else own
        assert set(re.findall(r"\{\{(\w+)\}\}", query.legend)) <= kept, query


# -- Panels --------------------------------------------------------------------------------------


def test_every_metric_stands_in_the_panel_that_it_names() -> None:
    shown = {
        panel.title: set().union(*(parts(query.expression)[0] for query in panel.queries))
        for panel in PANELS
    }

    assert len(shown) == len(PANELS)
    missing = [it.name for it in METRICS if not shown.get(it.panel, set()) & set(it.samples)]
    assert missing == []


def test_the_committed_dashboard_is_made_from_the_list() -> None:
    written = (MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8")

    assert written == dashboard_file(), "xarb metrics dashboard > docs/monitoring/..."


def test_the_dashboard_is_what_grafana_reads() -> None:
    made = json.loads(dashboard_file())
    panels = made["panels"]

    assert made == dashboard()
    assert [it["name"] for it in made["templating"]["list"]] == ["datasource", "job", "instance"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert panels[0]["title"] == "Money and exposure"
    for panel in panels:
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == "${datasource}"
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"]
        references = [target["refId"] for target in panel["targets"]]
        assert references == sorted(set(references))
        for target in panel["targets"]:
            assert target["expr"].count('instance=~"$instance"') >= 1
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None


def test_panels_fill_the_grid_and_never_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }

        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < WIDE
        taken |= cells


# -- Alerts --------------------------------------------------------------------------------------


def test_the_committed_alerts_are_made_from_the_list() -> None:
    written = (MONITORING / "alerts.yaml").read_text(encoding="utf-8")

    assert written == rule_file(), "xarb metrics alerts > docs/monitoring/alerts.yaml"
    assert yaml.safe_load(written) == rules()


def test_rules_have_the_keys_that_prometheus_knows() -> None:
    (group,) = rules()["groups"]
    names = [rule["alert"] for rule in group["rules"]]

    assert set(group) == {"name", "rules"}
    assert len(set(names)) == len(names)
    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda it: it.name)
def test_every_alert_names_a_section_of_the_runbooks(alert) -> None:
    page, _, anchor = alert.runbook.partition("#")

    assert page.startswith("runbooks/")
    assert anchor in anchors(ROOT / page)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda it: it.name)
def test_summaries_name_labels_that_the_expression_leaves(alert) -> None:
    names, _, grouped = parts(alert.expression)
    own = {label for name in names for label in SAMPLES[name].labels}
    kept = grouped if "sum by (" in alert.expression else own

    assert set(re.findall(r"\$labels\.(\w+)", alert.summary)) <= kept

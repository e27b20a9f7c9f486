"""
All metrics there are.

This list is the only one: collectors, readings, dashboard, alerts and reference are made from it or
held against it. Amounts of money are binary floats here, as everything in Prometheus: for looking,
never for counting on. Nothing in xarb ever reads a metric.
"""

from xarb_runtime.ops.metrics.catalogue_flow import FLOW
from xarb_runtime.ops.metrics.catalogue_house import HOUSE
from xarb_runtime.ops.metrics.catalogue_messages import MESSAGES
from xarb_runtime.ops.metrics.catalogue_money import MONEY
from xarb_runtime.ops.metrics.model import Metric

METRICS: tuple[Metric, ...] = (*MONEY, *FLOW, *MESSAGES, *HOUSE)
BY_NAME = {metric.name: metric for metric in METRICS}

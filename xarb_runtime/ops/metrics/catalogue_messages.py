"""
Metrics of messages: what comes in, what goes out, and the line to the broker.
"""

from xarb_runtime.ops.metrics.model import Metric

_AGE = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
_PUBLISH = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)

MESSAGES: tuple[Metric, ...] = (
    # -- In --------------------------------------------------------------------------------------
    Metric(
        name="xarb_messages_total",
        kind="counter",
        labels=("outcome",),
        help="Messages read from the bus: opportunity, operator, too_old, from_the_future, "
        "malformed, unsigned.",
        panel="Messages in",
    ),
    Metric(
        name="xarb_message_age_seconds",
        kind="histogram",
        labels=("outcome",),
        buckets=_AGE,
        help="Age of a message when it was read, by the time that it carries; one from the future "
        "counts as new.",
        panel="Age of messages, p95",
    ),
    Metric(
        name="xarb_messages_repeated_total",
        kind="counter",
        help="Messages that had been in the journal already and were only acknowledged.",
        panel="Again",
    ),
    Metric(
        name="xarb_dead_letters_total",
        kind="counter",
        labels=("reason",),
        help="Messages put among the dead letters, by what is wrong with them: content_type, "
        "encoding, json, size, nesting, envelope, type, data, signature, other.",
        panel="Dead letters",
    ),
    # -- The bus ---------------------------------------------------------------------------------
    Metric(
        name="xarb_bus_state",
        kind="gauge",
        labels=("state",),
        help="1 for the state of the connection to the bus, 0 for all others: connecting, "
        "connected, waiting (for the next attempt), closed.",
        panel="Bus",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_connects_total",
        kind="counter",
        help="Connections made to the bus.",
        panel="Connections",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_beat_seconds",
        kind="gauge",
        help="How long our newest message to ourselves took to come back; not listed before.",
        panel="Round trip",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_last_beat_timestamp_seconds",
        kind="gauge",
        help="When our newest message to ourselves came back, seconds since the epoch; not listed "
        "before.",
        panel="Silence of the bus",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_last_delivery_timestamp_seconds",
        kind="gauge",
        help="When the newest message came, seconds since the epoch; not listed before.",
        panel="Silence of the bus",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_unacknowledged",
        kind="gauge",
        help="Messages handed out by the bus and not acknowledged.",
        panel="Queues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_queue_messages",
        kind="gauge",
        labels=("queue",),
        help="Messages that wait, by queue, as far as the bus knows.",
        panel="Queues",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_delivered_total",
        kind="counter",
        help="Messages that the bus has delivered, repetitions included.",
        panel="Again",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_redelivered_total",
        kind="counter",
        help="Those of them that the bus marked as delivered before.",
        panel="Again",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_acknowledged_total",
        kind="counter",
        help="Messages acknowledged, each after the commit that holds it.",
        panel="Messages in",
        at_scrape=True,
    ),
    Metric(
        name="xarb_bus_given_back_total",
        kind="counter",
        help="Messages returned to the bus undone.",
        panel="Again",
        at_scrape=True,
    ),
    # -- Out -------------------------------------------------------------------------------------
    Metric(
        name="xarb_published_total",
        kind="counter",
        labels=("type", "outcome"),
        help="Attempts to publish, by type of message: confirmed, unroutable (no queue takes it), "
        "failed.",
        panel="Messages out",
    ),
    Metric(
        name="xarb_publish_seconds",
        kind="histogram",
        buckets=_PUBLISH,
        help="From handing a message to the bus to its answer, whatever the answer.",
        panel="Time to confirm",
    ),
    Metric(
        name="xarb_outbox_waiting",
        kind="gauge",
        help="Messages in the outbox that the bus has not confirmed.",
        panel="Outbox",
        at_scrape=True,
    ),
    Metric(
        name="xarb_outbox_stuck",
        kind="gauge",
        help="Executions whose next message has failed and is tried again; their later ones wait.",
        panel="Outbox",
        at_scrape=True,
    ),
    Metric(
        name="xarb_outbox_oldest_age_seconds",
        kind="gauge",
        help="Age of the oldest of them; 0 when there is none.",
        panel="Outbox",
        at_scrape=True,
    ),
)

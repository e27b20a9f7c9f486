"""
Rules about values: ranges, and values that have to go together.
"""

import fnmatch
import ipaddress
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from xarb_runtime.bus.published import MESSAGES
from xarb_runtime.bus.subscription import matches
from xarb_runtime.domain.money import parse_duration_ms
from xarb_runtime.service.settings_finding import SettingFinding
from xarb_runtime.service.settings_model import GHOSTS, Settings
from xarb_runtime.service.settings_schema import VENUES, keys
from xarb_runtime.service.settings_secret import SecretText, hide_url_password
from xarb_runtime.service.settings_sections import parse_size


class Rule(NamedTuple):
    """
    One rule.

    Attributes:
        key: the key that is at fault when the rule does not hold.
        holds: whether it does.
        expected: what is expected, in words.
        also: other keys the rule looks at; it is not asked when one of them is wrong already.
        hint: what to do when it does not hold.
    """

    key: str
    holds: Callable[[Settings], bool]
    expected: str
    also: tuple[str, ...] = ()
    hint: str = ""


_SHARE = "a share from 0 to 1"
_MOST_COUNT = 1_000_000
_COUNT = f"a whole number from 1 to {_MOST_COUNT}"
_MOST_MONEY = 10**12
_MONEY = f"an amount above 0, at most {_MOST_MONEY}"
_LEAST_TICK = Decimal("0.00000001")
_LEAST_KEY = 32
_LEAST_LOG = 10_000

RULES = (
    Rule("store.url", lambda s: _scheme(s.store.url) in {"sqlite", "postgresql"},
         "a URL that begins with sqlite:/// or postgresql://"),
    Rule("bus.url", lambda s: _scheme(s.bus.url) != "", "a URL such as embedded://"),
    Rule("bus.operator_key",
         lambda s: not s.bus.operator_key or len(s.bus.operator_key) >= _LEAST_KEY,
         f"a secret of at least {_LEAST_KEY} characters, or none"),
    Rule("bus.publish", lambda s: all(map(_goes_out, s.bus.publish)),
         "types that go out, or patterns of them such as execution.* or *"),
    Rule("control.host", lambda s: _is_loopback(s.control.host),
         "a loopback address: 127.0.0.1, ::1 or localhost"),
    Rule("metrics.host", lambda s: s.metrics.remote or _is_loopback(s.metrics.host),
         "a loopback address, because metrics.remote is false", ("metrics.remote",)),
    Rule("tracing.endpoint", lambda s: _scheme(s.tracing.endpoint) in {"http", "https"},
         "a URL that begins with http:// or https://"),
    Rule("tracing.service_name", lambda s: s.tracing.service_name != "", "a name"),
    Rule("tracing.secret_headers", lambda s: _are_headers(s.tracing.secret_headers),
         "name=value, with commas between them"),
    Rule("logging.rotate_size", lambda s: _bytes(s.logging.rotate_size) >= _LEAST_LOG,
         "a size such as 500kB, 50MB or 1GB, at least 10kB"),
    Rule("logging.checkpoints",
         lambda s: not s.logging.checkpoints or s.logging.checkpoints != s.logging.file,
         "another file than logging.file", ("logging.file",)),
    Rule("control.token_file", lambda s: s.control.token_file != "", "the name of a file"),
    Rule("charts.folder", lambda s: s.charts.folder != "", "the name of a folder"),
    Rule("charts.flow", lambda s: s.charts.flow != "", "the name of a chart"),
    Rule("charts.supervisor", lambda s: s.charts.supervisor != "", "the name of a chart"),
    Rule("charts.venue_health", lambda s: s.charts.venue_health != "", "the name of a chart"),
    Rule("plugins.required", lambda s: not _named(s.plugins.required, s.plugins.block),
         "no plugin that plugins.block names", ("plugins.block",)),
    Rule("plugins.required", lambda s: not s.plugins.allow
         or _named(s.plugins.required, s.plugins.allow) == s.plugins.required,
         "only plugins that plugins.allow names", ("plugins.allow",)),
    Rule("limits.min_m_net", lambda s: -1 < s.limits.min_m_net < 1, "a share between -1 and 1"),
    Rule("limits.min_m_net_b", lambda s: -1 < s.limits.min_m_net_b < 1, "a share between -1 and 1"),
    Rule("limits.max_stake", lambda s: 0 < s.limits.max_stake <= _MOST_MONEY, _MONEY),
    Rule("limits.max_open_stake", lambda s: 0 < s.limits.max_open_stake <= _MOST_MONEY, _MONEY),
    Rule("limits.max_open_stake", lambda s: s.limits.max_open_stake >= s.limits.max_stake,
         "at least limits.max_stake", ("limits.max_stake",)),
    Rule("limits.max_in_flight", lambda s: 1 <= s.limits.max_in_flight <= _MOST_COUNT, _COUNT),
    Rule("limits.min_fill_ratio", lambda s: 0 <= s.limits.min_fill_ratio <= 1, _SHARE),
    Rule("limits.find_retry_max",
         lambda s: _ms(s.limits.find_retry_max) >= _ms(s.limits.find_retry),
         "at least limits.find_retry", ("limits.find_retry",)),
    Rule("limits.max_loss", lambda s: 0 <= s.limits.max_loss <= 1, _SHARE),
    Rule("limits.max_loss_unwind", lambda s: 0 <= s.limits.max_loss_unwind <= 1, _SHARE),
    Rule("limits.slippage", lambda s: 0 <= s.limits.slippage < 1, "a share of 0 or more, below 1"),
    Rule("limits.hedge_order", lambda s: _distinct(s.limits.hedge_order),
         "names of strategies, each once"),
    Rule("limits.stake_tick", lambda s: _LEAST_TICK <= s.limits.stake_tick <= s.limits.max_stake,
         f"a number from {_LEAST_TICK} to limits.max_stake", ("limits.max_stake",)),
    Rule("kpi.min_sample", lambda s: s.kpi.min_sample <= s.kpi.window,
         "at most kpi.window", ("kpi.window",)),
    Rule("kpi.min_fill_ratio", lambda s: 0 <= s.kpi.min_fill_ratio <= 1, _SHARE),
    Rule("kpi.clear_fill_ratio", lambda s: s.kpi.min_fill_ratio <= s.kpi.clear_fill_ratio <= 1,
         "a share from kpi.min_fill_ratio to 1", ("kpi.min_fill_ratio",)),
    Rule("kpi.clear_p95_accept", lambda s: s.kpi.clear_p95_accept_ms <= s.kpi.max_p95_accept_ms,
         "at most kpi.max_p95_accept", ("kpi.max_p95_accept",)),
    Rule("venue_health.max_failures", lambda s: 1 <= s.venue_health.max_failures <= _MOST_COUNT,
         _COUNT),
    Rule("venue_health.max_missed", lambda s: 1 <= s.venue_health.max_missed <= _MOST_COUNT,
         _COUNT),
    Rule("venue_health.probe_ok", lambda s: 1 <= s.venue_health.probe_ok <= _MOST_COUNT,
         _COUNT),
)  # fmt: skip


#: Of a venue's section; empty means that the setting for all venues holds.
_VENUE_WAITS = ("call_deadline", "max_p95_accept", "clear_p95_accept")


def broken_rules(
    settings: Settings, where: Callable[[str], str], wrong: Iterable[str]
) -> list[SettingFinding]:
    """
    Return a finding for each rule that does not hold.

    Args:
        settings: what is checked.
        where: gives the place that decides a key's value.
        wrong: keys that are known to be wrong already; rules that look at them are not asked.
    """
    found: list[SettingFinding] = []
    doubtful = set(wrong)
    for rule in (*RULES, *_duration_rules(settings), *_venue_rules(settings)):
        if doubtful.isdisjoint((rule.key, *rule.also)) and not rule.holds(settings):
            found.append(_finding(rule, settings, where))
            doubtful.add(rule.key)
    return found


def _duration_rules(settings: Settings) -> list[Rule]:
    names = [key.name for key in keys().values() if key.is_duration and "*" not in key.path]
    names += [f"{VENUES}.{name}.{key}" for name in settings.venues for key in _VENUE_WAITS]
    return [
        Rule(name, lambda s, name=name: _ms(_value(s, name) or "1ms") > 0, "a duration above 0")
        for name in names
    ]


def _venue_rules(settings: Settings) -> list[Rule]:
    return [
        Rule(
            f"{VENUES}.{name}.kind",
            lambda s, name=name: s.mode != "ghost" or s.is_ghost(name),
            f"a kind that begins with {GHOSTS}, because mode is ghost",
            ("mode",),
        )
        for name, section in settings.venues.items()
        if section.get("kind")
    ] + [rule for name in settings.venues for rule in (*_limit_rules(name), *_accept_rules(name))]


def _limit_rules(name: str) -> list[Rule]:
    """What may be staked at a venue: in mode live somebody has to have said it."""
    venue = f"{VENUES}.{name}"
    kind, most, one = f"{venue}.kind", f"{venue}.open_limit", f"{venue}.order_limit"
    return [
        Rule(most, lambda s: _may_lack_a_limit(s, name) or s.open_limit(name) is not None,
             f"an amount above 0, because mode is live and {name} is no ghost", ("mode", kind),
             "It is the most that may be staked there at once, in the account's currency; begin"
             " with little, see docs/how-to/go-live.md."),
        Rule(most, lambda s: _is_money(s.open_limit(name)), _MONEY),
        Rule(one, lambda s: _is_money(s.venues[name].get("order_limit")), _MONEY),
        Rule(one, lambda s: (s.order_limit(name) or 0) <= (s.open_limit(name) or _MOST_MONEY),
             f"at most {most}", (most,)),
    ]  # fmt: skip


def _accept_rules(name: str) -> list[Rule]:
    """How slow a venue may be: its own numbers, or those of all where it has none."""
    most, end = (f"{VENUES}.{name}.{key}" for key in ("max_p95_accept", "clear_p95_accept"))
    return [
        Rule(end, lambda s: s.kpi_of(name).clear_p95_accept_ms <= s.kpi_of(name).max_p95_accept_ms,
             f"at most {most}, or kpi.max_p95_accept where that is empty",
             (most, "kpi.max_p95_accept", "kpi.clear_p95_accept")),
    ]  # fmt: skip


def _may_lack_a_limit(settings: Settings, name: str) -> bool:
    kind = settings.venues[name].get("kind")
    return settings.mode != "live" or not kind or settings.is_ghost(name)


def _is_money(amount: Decimal | None) -> bool:
    return amount is None or 0 < amount <= _MOST_MONEY


def doubtful(settings: Settings) -> list[SettingFinding]:
    """
    Return what stops no start, and of which nothing can come.

    A shadow's orders take the venue's `shadow_delay`; one that is given up before never fills.
    """
    if settings.mode != "shadow" or not settings.venues:
        return []
    delays = {name: settings.shadow_delay_ms(name) for name in settings.venues}
    least = min(delays, key=lambda name: delays[name])
    found = [
        (f"limits.{ttl}", f"more than venues.{least}.shadow_delay, the shortest, or {what} fills")
        for ttl, what in _TIMES.items()
        if delays[least] >= _ms(getattr(settings.limits, ttl))
    ]
    longest = max(_ms(settings.limits.ttl_leg_a), _ms(settings.limits.ttl_leg_b))
    less = "less than limits.ttl_leg_a or limits.ttl_leg_b, or no leg fills there"
    found += [
        (f"{VENUES}.{name}.shadow_delay", less)
        for name, delay_ms in delays.items()
        if delay_ms >= longest
    ]
    return [_doubt(settings, key, expected) for key, expected in found]


_TIMES = {"ttl_leg_a": "no leg A", "ttl_leg_b": "no leg B", "ttl_hedge": "no hedge"}


def _doubt(settings: Settings, key: str, expected: str) -> SettingFinding:
    message = f"expected {expected}, found {_value(settings, key) or '0s'}"
    hint = "See docs/how-to/shadow-mode.md."
    return SettingFinding(code="XC301", key=key, where="", message=message, hint=hint)


def _finding(rule: Rule, settings: Settings, where: Callable[[str], str]) -> SettingFinding:
    value = _value(settings, rule.key)
    found = _found(value, is_secret=rule.key in settings.secret_keys)
    return SettingFinding(
        code="XC203",
        key=rule.key,
        where=where(rule.key),
        message=f"expected {rule.expected}, found {found or 'nothing'}",
        hint=rule.hint,
    )


def _found(value: object, *, is_secret: bool) -> str:
    if is_secret or isinstance(value, SecretText):
        return "something else"
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else hide_url_password(str(value))


def _value(settings: Settings, key: str) -> object:
    value: object = settings
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else getattr(value, name)
    return value


def _ms(text: object) -> int:
    return parse_duration_ms(str(text))


def _are_headers(text: str) -> bool:
    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    return all(name.strip() and separator for name, separator, _ in pairs)


def _bytes(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError:
        return 0


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme.partition("+")[0] if separator else ""


def _goes_out(pattern: str) -> bool:
    return any(matches(pattern, it.name) for it in MESSAGES if it.direction == "out")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _distinct(names: tuple[str, ...]) -> bool:
    return all(names) and len(set(names)) == len(names)


def _named(names: tuple[str, ...], patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    )

"""
A plugin's settings that do not fit are refused with the key, what was expected and what was found.
"""

import pickle
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.plugins.worlds import REGISTRY, settings
from xarb_runtime.plugins.findings import PluginError, PluginSettingsError, UnknownPluginPart
from xarb_runtime.plugins.settings import SectionError, open_settings, read_section


def refusal(**raw: Any) -> str:
    with pytest.raises(PluginSettingsError) as raised:
        settings(**raw)
    (finding,) = raised.value.findings
    assert (finding.code, finding.plugin) == ("XP107", "ghost")
    return f"{finding.message} {finding.hint}".strip()


@pytest.mark.parametrize(
    ("raw", "key", "problem"),
    [
        ({"latency": 5}, "latency", "expected `str`, found `int`"),
        ({"orders": [{}, {"after": "12"}]}, "orders[1].after", "expected a duration such as 800ms"),
        (
            {"orders": [{"answer": "maybe"}]},
            "orders[0].answer",
            "expected one of accepted, error, hang, refused, silence, unknown, found 'maybe'",
        ),
        (
            {"orders": [{"reports": [{"status": "done"}]}]},
            "orders[0].reports[0].status",
            "expected one of open, filled, cancelled, refused, reversed, found 'done'",
        ),
        (
            {"orders": [{"cancel": {"answr": "refused"}}]},
            "orders[0].cancel.answr",
            "expected one of answer, after, filled_first, takes, lost, code, reason, found answr",
        ),
        ({"prices": {"a/b": "1"}}, "prices.a/b", "expected decimal odds above 1, found 1"),
        ({"prices": {"a/b": "many"}}, "prices[...]", "Invalid decimal string"),
        (
            {"down": [{"from": "3s", "until": "2s"}]},
            "down[0].until",
            "expected later than from (3s), found 2s",
        ),
        ({"down": [{"from": "x"}]}, "down[0].from", "expected a duration such as 800ms"),
    ],
)
def test_a_value_that_does_not_fit_is_named(raw: dict[str, Any], key: str, problem: str) -> None:
    assert refusal(**raw).startswith(f"venues.sx.{key}: {problem}")


def test_an_unknown_key_lists_the_known_ones_and_the_nearest() -> None:
    message = refusal(order=[])

    assert message.startswith("venues.sx.order: expected one of capabilities, latency, orders,")
    assert message.endswith("Did you mean 'orders'?")


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"orders": [{"takes": False}]}, "orders[0].takes"),
        ({"orders": [{"answer": "refused", "takes": True}]}, "orders[0].takes"),
        ({"orders": [{"find": {"answer": "absent"}}]}, "orders[0].find.answer"),
        ({"orders": [{"answer": "unknown", "reports": [{}]}]}, "orders[0].reports"),
        ({"orders": [{"cancel": {"answer": "refused", "takes": True}}]}, "orders[0].cancel.takes"),
        ({"orders": [{"cancel": {"takes": False}}]}, "orders[0].cancel.takes"),
        (
            {"orders": [{"reports": [{"after": "2s"}, {"after": "1s"}]}]},
            "orders[0].reports[1].after",
        ),
        ({"orders": [{"reports": [{}, {"status": "open"}]}]}, "orders[0].reports[1].status"),
        ({"orders": [{"reports": [{}, {"status": "reversed"}]}]}, "orders[0].reports[1].status"),
        ({"orders": [{"reports": [{"repeat": -1}]}]}, "orders[0].reports[0].repeat"),
        ({"calibrated": "azuro", "default": {}}, "default"),
        ({"repeats_orders": True, "default": {}}, "repeats_orders"),
        ({"calibrated": "sx", "capabilities": {}}, "capabilities.final_at_once"),
        ({"final_after": "1s"}, "final_after"),
        ({"heartbeat": {"timeout": "1s"}}, "heartbeat.timeout"),
        (
            {
                "capabilities": {"partial_fills": False},
                "default": {"reports": [{"status": "open", "filled": "0.5"}]},
            },
            "default.reports[0].filled",
        ),
    ],
)
def test_a_script_that_contradicts_itself_is_refused(raw: dict[str, Any], key: str) -> None:
    assert refusal(**raw).startswith(f"venues.sx.{key}: expected ")


def test_numbers_may_be_written_as_texts_or_as_numbers() -> None:
    assert settings(prices={"a/b": 1.95}) == settings(prices={"a/b": "1.95"})
    assert Decimal("1.95") == settings(prices={"a/b": 1.95}).prices["a/b"]


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({}, "venues.far.url: expected a value, found none"),
        ({"url": "ftp://x"}, "venues.far.url: expected an address"),
        ({"url": "http://x", "timeout": "soon"}, "venues.far.timeout: expected a duration"),
    ],
)
def test_the_settings_of_a_remote_ghost_are_checked(raw: dict[str, Any], key: str) -> None:
    with pytest.raises(PluginSettingsError) as raised:
        open_settings(REGISTRY.venue("ghost_remote"), raw, "venues.far")

    assert raised.value.findings[0].message.startswith(key)


class Mix(msgspec.Struct):
    """A section that names itself when it does not fit."""

    lost: int = 0
    mix: int = 0

    def __post_init__(self) -> None:
        if self.lost > 9:
            raise ValueError("shares: expected less, found more")
        if self.mix > 9:
            raise ValueError("mix: expected less, found more")


class Own(msgspec.Struct):
    shares: Mix = msgspec.field(default_factory=Mix)
    mix: Mix = msgspec.field(default_factory=Mix)


@pytest.mark.parametrize("where", ["../own.yaml", ".own.yaml", "", "venues.sx"])
@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ({"shares": {"lost": 10}}, "shares"),
        ({"mix": {"mix": 10}}, "mix.mix"),
        ({"mix": {"lost": "x"}}, "mix.lost"),
        ({"mx": 1}, "mx"),
    ],
)
def test_the_place_is_named_as_it_is_and_each_key_once(
    where: str, raw: dict[str, Any], key: str
) -> None:
    with pytest.raises(SectionError) as raised:
        read_section(Own, raw, where)

    assert raised.value.key == (f"{where}.{key}" if where else key)


def test_errors_survive_being_sent_to_another_process() -> None:
    with pytest.raises(PluginSettingsError) as settings_error:
        settings(latency=5)
    with pytest.raises(UnknownPluginPart) as unknown:
        REGISTRY.venue("gost")

    for error in (settings_error.value, unknown.value):
        copy: PluginError = pickle.loads(pickle.dumps(error))
        assert (type(error), str(error)) == (type(copy), str(copy))

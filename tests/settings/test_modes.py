"""Settings: what each mode allows, and what it asks for."""

from pathlib import Path

import pytest

from tests.settings.deployment import findings, load
from xarb_runtime.service.settings_rules import doubtful


def test_live_mode_takes_any_kind_of_venue(tmp_path: Path) -> None:
    settings = load(tmp_path, "mode: live\nvenues: {sx: {kind: sx_bet, open_limit: 50}}")

    assert settings.venue_kind("sx") == "sx_bet"
    assert settings.open_limit("sx") == settings.order_limit("sx") == 50
    assert settings.venue_own("sx") == {}


def test_shadow_mode_takes_any_kind_of_venue_and_asks_for_no_limit(tmp_path: Path) -> None:
    settings = load(tmp_path, "mode: shadow\nvenues: {sx: {kind: sx_bet, shadow_delay: 4s}}")

    assert settings.shadow_delay_ms("sx") == 4000
    assert settings.open_limit("sx") is None
    assert settings.venue_own("sx") == {}


def test_a_ghost_in_live_mode_needs_no_limit(tmp_path: Path) -> None:
    assert load(tmp_path, "mode: live\nvenues: {sx: {kind: ghost}}").open_limit("sx") is None


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        (
            "{kind: sx_bet}",
            (
                "XC203 venues.sx.open_limit (settings.yaml:2): expected an amount above 0, "
                "because mode is live and sx is no ghost, found nothing. "
                "It is the most that may be staked there at once, in the account's currency; "
                "begin with little, see docs/how-to/go-live.md."
            ),
        ),
        (
            "{kind: sx_bet, open_limit: 0}",
            (
                "XC203 venues.sx.open_limit (settings.yaml:2): expected an amount above 0, at most "
                "1000000000000, found 0."
            ),
        ),
        (
            "{kind: sx_bet, open_limit: much}",
            "XC202 venues.sx.open_limit (settings.yaml:2): expected a number, found 'much'.",
        ),
        (
            "{kind: sx_bet, open_limit: 5, order_limit: 6}",
            (
                "XC203 venues.sx.order_limit (settings.yaml:2): "
                "expected at most venues.sx.open_limit, found 6."
            ),
        ),
        (
            "{kind: sx_bet, open_limit: 5, order_limit: -1}",
            (
                "XC203 venues.sx.order_limit (settings.yaml:2): expected an amount above 0, "
                "at most 1000000000000, found -1."
            ),
        ),
        (
            "{kind: sx_bet, open_limit: 5, shadow_delay: soon}",
            (
                "XC202 venues.sx.shadow_delay (settings.yaml:2): expected a duration such as "
                "800ms, 2.5s, 10m or 1h, found 'soon'."
            ),
        ),
    ],
)
def test_live_mode_asks_what_may_be_staked(tmp_path: Path, section: str, wanted: str) -> None:
    assert findings(tmp_path, f"mode: live\nvenues: {{sx: {section}}}") == [wanted]


SHADOW = "mode: shadow\nvenues:\n  sx: {{kind: sx_bet, shadow_delay: {sx}}}\n"
SHADOW += "  azuro: {{kind: azuro, shadow_delay: {azuro}}}\nlimits: {limits}\n"


@pytest.mark.parametrize(
    ("sx", "azuro", "limits", "wanted"),
    [
        ("1s", "5s", "{ttl_leg_a: 3s, ttl_leg_b: 30s, ttl_hedge: 3s}", {}),
        ("1s", "5s", "{ttl_leg_a: 30s, ttl_leg_b: 3s, ttl_hedge: 3s}", {}),
        ("0s", "0s", "{}", {}),
        (
            "1s",
            "5s",
            "{}",
            {
                "limits.ttl_leg_a": "expected more than venues.sx.shadow_delay, the shortest, or no"
                " leg A fills, found 800ms",
                "venues.azuro.shadow_delay": "expected less than limits.ttl_leg_a or"
                " limits.ttl_leg_b, or no leg fills there, found 5s",
            },
        ),
        (
            "3s",
            "3s",
            "{ttl_leg_a: 4s, ttl_leg_b: 3s, ttl_hedge: 3s}",
            {
                f"limits.{ttl}": "expected more than venues.sx.shadow_delay, the shortest, or no"
                f" {what} fills, found 3s"
                for ttl, what in (("ttl_leg_b", "leg B"), ("ttl_hedge", "hedge"))
            },
        ),
    ],
)
def test_deadlines_in_which_no_shadow_of_an_order_fills_are_told(
    tmp_path: Path, sx: str, azuro: str, limits: str, wanted: dict[str, str]
) -> None:
    settings = load(tmp_path, SHADOW.format(sx=sx, azuro=azuro, limits=limits))

    assert {it.key: it.message for it in doubtful(settings)} == wanted


def test_other_modes_have_no_shadow_to_wait_for(tmp_path: Path) -> None:
    settings = load(tmp_path, "venues: {sx: {kind: ghost, shadow_delay: 9s}}")

    assert doubtful(settings) == []

"""
Bronze: settings, opening, heartbeats, and what is asked before one trades.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from xarb_runtime.domain.orders import Accepted
from xarb_runtime.plugins.contracts import VenueCheck
from xarb_runtime.plugins.findings import PluginSettingsError
from xarb_runtime.plugins.settings import open_settings
from xarb_runtime.testing.case import Level, case
from xarb_runtime.testing.driven import Driven, NoAnswerError, plain
from xarb_runtime.testing.stage import Stage
from xarb_runtime.testing.verdict import expect, fail

#: An opening that takes longer waits for something.
AT_ONCE_MS = 1_000

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@case("XV-010", Level.BRONZE)
async def bad_settings_are_refused(stage: Stage) -> None:
    """
    Settings that cannot be meant are refused, and the key is named.

    Given the bench's section of the settings.
    When a key is added that does not exist, or a text becomes something else.
    Then reading the section fails, and the message names the key.
    """
    section = dict(stage.bench.section)
    _is_refused(stage, section, "a_key_that_nobody_has", 1)
    for key, value in section.items():
        if isinstance(value, str):
            _is_refused(stage, section, key, [{"not": "a text"}])


def _is_refused(stage: Stage, section: Mapping[str, Any], key: str, value: Any) -> None:
    try:
        open_settings(stage.bench.spec, {**section, key: value}, "section")
    except PluginSettingsError as error:
        expect(key in str(error), f"a message that names {key}", str(error))
    else:
        fail(f"settings with {key}: {value} to be refused", "they were taken")


@case("XV-020", Level.BRONZE)
async def it_opens_while_the_server_is_away(stage: Stage) -> None:
    """
    Opening does not wait for the venue, and a venue that comes later is found.

    Given that the server cannot be reached.
    When the venue is opened, and the server comes back ten seconds later.
    Then opening neither raises nor waits, a heartbeat is confirmed within 30 seconds, a quote is
    answered and an order is accepted.
    """
    await stage.cut()
    began_ms = stage.clock.now_ms()
    venue = await stage.open(ready=False)
    waited_ms = stage.clock.now_ms() - began_ms
    expect(waited_ms < AT_ONCE_MS, "the venue to open at once", f"after {waited_ms} ms")
    await stage.clock.sleep_ms(10_000)
    stage.wire.calm()
    expect(await venue.is_ready(), "a heartbeat once the server is back", "none")
    await venue.quote(stage.bench.selection)
    answer = await venue.place(stage.order())
    expect(isinstance(answer, Accepted), "Accepted", answer)
    await stage.one_held()


@case("XV-110", Level.BRONZE)
async def heartbeats_tell_the_truth(stage: Stage) -> None:
    """
    A heartbeat is confirmed by the venue, or it raises.

    Given an open venue.
    When the server goes away, and comes back.
    Then heartbeats succeed, begin to raise within 30 seconds, and succeed again within 30 seconds.
    """
    venue = await stage.open(beating=False)
    await stage.cut()
    expect(await _raises(stage, venue), "heartbeats to raise: the server is away", "none did")
    stage.wire.calm()
    expect(await venue.is_ready(), "a heartbeat once the server is back", "none")


async def _raises(stage: Stage, venue: Driven) -> bool:
    for _ in range(15):
        try:
            await venue.heartbeat()
        except NoAnswerError:
            return True
        await stage.clock.sleep_ms(2_000)
    return False


@case("XV-140", Level.BRONZE)
async def everything_goes_through_the_connections_given(stage: Stage) -> None:
    """
    All requests are made with sessions of `opening.http`.

    Given that no request of such a session gets through.
    When a venue is opened, and a quote is asked for.
    Then there is none: whoever has a price has it from a connection of its own.
    """
    await stage.cut()
    venue = await stage.open(ready=False)
    await stage.clock.sleep_ms(5_000)
    try:
        quote = await venue.quote(stage.bench.selection)
    except NoAnswerError:
        return
    fail("no quote: nothing got through the sessions of opening.http", quote)


@case("XV-150", Level.BRONZE)
async def checks_and_figures_can_be_shown(stage: Stage) -> None:
    """
    What a venue says of itself can be shown, and asking places nothing.

    Given an open venue.
    When it is asked for its checks and its figures.
    Then checks are VenueChecks that say what was found, figures are whole or exact numbers under
    lower_case names, and the server holds no order.
    """
    venue = await stage.open()
    checks = await venue.ask("check", venue.venue.check)
    for check in checks:
        good = isinstance(check, VenueCheck) and check.what and check.found
        expect(good, "a VenueCheck that says what was looked at and what was found", check)
    for name, value in plain(venue.venue.figures(), "figures").items():
        expect(_NAME.match(name), "figures with lower_case names", name)
        exact = isinstance(value, int | Decimal) and not isinstance(value, bool)
        expect(exact, f"a Decimal or an int as {name}", value)
    await stage.none_held("it was only asked")


@case("XV-160", Level.BRONZE)
async def without_trading_it_quotes_and_places_nothing(stage: Stage) -> None:
    """
    Opened without trading it needs no key, gives prices, and places nothing.

    Given a venue that is opened with `trades` False and nothing in the environment.
    When a quote is asked for, and an order is placed all the same.
    Then the quote is answered within 30 seconds, the order is not accepted, and the server holds
    nothing.
    """
    await _places_nothing(stage, await stage.open(ready=False, trades=False, beating=False))


@case("XV-165", Level.BRONZE)
async def without_trading_keys_change_nothing(stage: Stage) -> None:
    """
    Opened without trading it places nothing, though it finds keys.

    Given a venue that is opened with `trades` False and the bench's keys in the environment.
    When a quote is asked for, and an order is placed all the same.
    Then as in XV-160.
    """
    venue = await stage.open(ready=False, trades=False, keyed=True, beating=False)
    await _places_nothing(stage, venue)


async def _places_nothing(stage: Stage, venue: Driven) -> None:
    """Wait for a quote of a venue that does not trade; place an order, which it must not do."""
    for _ in range(60):
        try:
            await venue.quote(stage.bench.selection)
            break
        except NoAnswerError:
            await stage.clock.sleep_ms(500)
    else:
        fail("a quote without trading", venue.errors[-1] if venue.errors else "none")
    answer = await venue.place(stage.order())
    expect(not isinstance(answer, Accepted), "an order not to be accepted", answer)
    await stage.clock.sleep_ms(stage.bench.settles_ms)
    await stage.none_held("the venue was opened without trading")

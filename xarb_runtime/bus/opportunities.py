"""
The data of `opportunity.detected`: read, and checked for what no type can say.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from xarb_runtime.bus.cloudevents import Malformed, malformed
from xarb_runtime.bus.strict_json import shown
from xarb_runtime.domain.opportunity import LegOffer, Opportunity

#: An amount or odds as text: plain digits, as every language reads them.
FIGURE = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
#: Beyond these a figure is a mistake, and arithmetic with it would lose digits.
MAX_ODDS = Decimal(10_000)
MAX_STAKE = Decimal(10**12)
MAX_PLACES = 12
MAX_SCENARIOS = 64
MAX_HEDGES = 64
MAX_TEXT = 256
MAX_FIGURE = 40
LAST_MS = 253_402_300_799_999  # the end of the year 9999

# It becomes part of execution ids, of order ids at venues, and of addresses of the control API.
ID = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}"
_ID = re.compile(ID)
_FIGURE = re.compile(FIGURE)
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_TYPES = re.compile(r"^Expected `(?P<expected>.+?)`, got `(?P<found>.+?)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>.+)`$")
_WORDS = {
    "object": "an object",
    "array": "an array",
    "str": "a text",
    "decimal": "a number",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
}

_NO_FIGURE = "Invalid decimal string"

_LEGS = ("leg_a", "leg_b")

Problem = tuple[str, str]


def read_opportunity(data: object) -> Opportunity | Malformed:
    """
    Return the opportunity that a message's data describes, or all that is wrong with it.

    Keys that xarb does not know are left alone: an engine may say more.
    """
    try:
        opportunity = msgspec.convert(data, Opportunity)
    except msgspec.ValidationError as error:
        return Malformed(_translated(str(error)))
    found = [*_problems(opportunity), *_figure_problems(data)]
    problems = [f"data.{path}: {problem}" for path, problem in found]
    return malformed(problems) if problems else opportunity


def _translated(text: str) -> str:
    match = _PLACE.match(text)
    path, what = (match["path"] or "", match["what"]) if match else ("", text)
    missing = _MISSING.match(what)
    if missing:
        return f"data.{path + '.' if path else ''}{missing['name']}: expected a value, found none"
    types = _TYPES.match(what)
    if types:
        words = {name: _WORDS.get(types[name], types[name]) for name in ("expected", "found")}
        what = f"expected {words['expected']}, found {words['found']}"
    if what == _NO_FIGURE:
        what = "expected a number in digits, found another text"
    return f"data{'.' if path else ''}{path}: {what}"


def _problems(opportunity: Opportunity) -> Iterator[Problem]:
    yield from _head_problems(opportunity)
    yield from _scenario_problems(opportunity.scenarios)
    scenarios = frozenset(opportunity.scenarios)
    yield from _offer_problems("leg_a", opportunity.leg_a, scenarios)
    yield from _offer_problems("leg_b", opportunity.leg_b, scenarios)
    yield from _cover_problems(opportunity, scenarios)
    yield from _hedge_problems(opportunity, scenarios)


def _head_problems(opportunity: Opportunity) -> Iterator[Problem]:
    if not _ID.fullmatch(opportunity.id):
        expected = "1 to 128 letters, digits, dots, dashes, _ or ~"
        yield "id", f"expected {expected}, found {opportunity.id[:MAX_TEXT]!r}"
    if not 0 < opportunity.detected_ms <= LAST_MS:
        expected = "milliseconds since 1970"
        yield "detected_ms", f"expected {expected}, found {opportunity.detected_ms}"
    if len(opportunity.event) > MAX_TEXT:
        found = f"{len(opportunity.event)} characters"
        yield "event", f"expected at most {MAX_TEXT} characters, found {found}"
    expected = f"an amount above 0, at most {MAX_STAKE}"
    yield from _bounds("stake", opportunity.stake, expected, lambda it: 0 < it <= MAX_STAKE)


def _scenario_problems(scenarios: tuple[str, ...]) -> Iterator[Problem]:
    if not 2 <= len(scenarios) <= MAX_SCENARIOS:  # noqa: PLR2004 -- both legs must be able to win
        yield "scenarios", f"expected 2 to {MAX_SCENARIOS} scenarios, found {len(scenarios)}"
    if any(not 0 < len(name) <= MAX_TEXT for name in scenarios):
        yield (
            "scenarios",
            f"expected names of 1 to {MAX_TEXT} characters, found {_listed(scenarios)}",
        )
    if len(set(scenarios)) < len(scenarios):
        yield "scenarios", f"expected each name once, found {_listed(scenarios)}"


def _offer_problems(path: str, offer: LegOffer, scenarios: frozenset[str]) -> Iterator[Problem]:
    odds, fee = f"decimal odds above 1, at most {MAX_ODDS}", "a share of 0 or more, below 1"
    yield from _bounds(f"{path}.odds", offer.odds, odds, lambda it: 1 < it <= MAX_ODDS)
    yield from _bounds(f"{path}.fee", offer.fee, fee, lambda it: 0 <= it < 1)
    selection = offer.selection
    for name in ("venue", "market", "outcome"):
        text = getattr(selection, name)
        if not 0 < len(text) <= MAX_TEXT:
            found = f"{len(text)} characters"
            yield f"{path}.selection.{name}", f"expected 1 to {MAX_TEXT} characters, found {found}"
    yield from _wins_problems(f"{path}.selection.wins", selection.wins, scenarios)


def _wins_problems(
    path: str, wins: tuple[str, ...], scenarios: frozenset[str]
) -> Iterator[Problem]:
    if not wins:
        yield path, "expected at least one scenario, found none"
    unknown = [name for name in wins if name not in scenarios]
    if unknown:
        yield path, f"expected scenarios of this opportunity, found {_listed(unknown)}"
    if len(set(wins)) < len(wins):
        yield path, f"expected each scenario once, found {_listed(wins)}"
    if scenarios and scenarios <= set(wins):
        yield path, "expected a scenario in which it loses, found that it always wins"


def _cover_problems(opportunity: Opportunity, scenarios: frozenset[str]) -> Iterator[Problem]:
    first, second = (
        frozenset(leg.selection.wins) for leg in (opportunity.leg_a, opportunity.leg_b)
    )
    both = sorted(first & second)
    if both:
        expected = "only scenarios in which leg A loses"
        yield "leg_b.selection.wins", f"expected {expected}, found {_listed(both)}"
    neither = sorted(scenarios - first - second)
    if neither:
        expected = "legs that win in every scenario between them"
        yield "leg_b.selection.wins", f"expected {expected}, found none for {_listed(neither)}"


def _hedge_problems(opportunity: Opportunity, scenarios: frozenset[str]) -> Iterator[Problem]:
    if len(opportunity.hedges) > MAX_HEDGES:
        yield "hedges", f"expected at most {MAX_HEDGES} offers, found {len(opportunity.hedges)}"
        return
    for index, hedge in enumerate(opportunity.hedges):
        if not 0 < len(hedge.strategy) <= MAX_TEXT:
            yield f"hedges[{index}].strategy", "expected the name of a strategy, found none"
        yield from _offer_problems(f"hedges[{index}].offer", hedge.offer, scenarios)


def _figure_problems(data: Any) -> Iterator[Problem]:
    """
    Amounts and odds as they were written: Python would also read `1_000`, blanks, and the digits of
    other alphabets, where other readers of the same message would not.
    """
    places = [("", data, ("stake",)), *((leg, data[leg], ("odds", "fee")) for leg in _LEGS)]
    places += [
        (f"hedges[{index}].offer", hedge["offer"], ("odds", "fee"))
        for index, hedge in enumerate(data.get("hedges", ())[:MAX_HEDGES])
    ]
    for path, holder, names in places:
        for name in names:
            text = holder.get(name)
            if isinstance(text, str) and not _is_plain(text):
                where = f"{path}.{name}".lstrip(".")
                yield where, f"expected digits such as 2.05, found {shown(text[:MAX_FIGURE])}"


def _is_plain(text: str) -> bool:
    return len(text) <= MAX_FIGURE and _FIGURE.fullmatch(text) is not None


def _bounds(
    path: str, number: Decimal, expected: str, holds: Callable[[Decimal], bool]
) -> Iterator[Problem]:
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not holds(number):
        yield path, f"expected {expected}, found {_figure(number)}"
    elif exponent < -MAX_PLACES:
        yield path, f"expected at most {MAX_PLACES} decimal places, found {_figure(number)}"


def _figure(number: Decimal) -> str:
    text = str(number)
    return text if len(text) <= MAX_FIGURE else f"{text[:MAX_FIGURE]}..."


def _listed(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."

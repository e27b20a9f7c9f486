"""
Prices of other goal lines, derived from the prices of over and under 2.5.

football-data.co.uk has no odds for 1.5 or 3.5 goals. They are derived here: goals are taken to be
Poisson distributed, with the mean at which under 2.5 has the probability that its price says once
the margin is taken out, and the same margin is put on the derived price. **A model, not data.**
"""

from decimal import Context, Decimal, localcontext

_CONTEXT = Context(prec=28)
_LOWEST, _HIGHEST = Decimal("0.02"), Decimal(12)
_HALVINGS = 24  # the mean to a millionth; prices have two places
_TICK = Decimal("0.01")


def derived_odds(over: Decimal, under: Decimal, *, under_goals: int, side: str) -> Decimal:
    """
    Return the odds of another line.

    Args:
        over: the odds of over 2.5.
        under: the odds of under 2.5.
        under_goals: the most goals with which under wins: 1 for 1.5, 3 for 3.5.
        side: `over` or `under`.
    """
    with localcontext(_CONTEXT):
        margin = 1 / over + 1 / under
        mean = _mean_goals((1 / under) / margin)
        chance = _at_most(under_goals, mean)
        if side == "over":
            chance = 1 - chance
        return (1 / (chance * margin)).quantize(_TICK)


def _mean_goals(chance_of_under: Decimal) -> Decimal:
    low, high = _LOWEST, _HIGHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(2, middle) > chance_of_under:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(goals: int, mean: Decimal) -> Decimal:
    term = total = Decimal(1)
    for number in range(1, goals + 1):
        term = term * mean / number
        total += term
    return total * (-mean).exp()

"""
Reads the script: which behaviour an order gets, which answer a quote gets, what a price is.

The only state here is how far the script has been read.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from xarb_runtime.domain.orders import Selection

from .behaviours import Behaviour
from .book import selection_key
from .calibration import draw
from .settings import GhostSettings, QuoteBehaviour


class Script:
    """
    The reading of one ghost's script.

    Attributes:
        settings: the script.
        prices: odds by `market/outcome`.
    """

    def __init__(self, settings: GhostSettings) -> None:
        self.settings = settings
        self.prices = read_prices(settings.price_file) | settings.prices
        self._nth: dict[str, int] = {}
        self._quotes = list(settings.quotes)

    def nth(self, client_id: str) -> int:
        """Return the how-manieth order this is, from 0; the first question decides."""
        return self._nth.setdefault(client_id, len(self._nth))

    def knows(self, client_id: str) -> bool:
        """Return whether anybody has tried to place this order."""
        return client_id in self._nth

    def behaviour(self, client_id: str) -> Behaviour:
        """Return what becomes of this order, placed or only asked about."""
        scripted = self.settings.orders
        if self.knows(client_id) and scripted:
            nth = self._nth[client_id]
            if nth < len(scripted) or self.settings.repeats_orders:
                return scripted[nth % len(scripted)]
        if self.settings.calibrated:
            return draw(self.settings.calibrated, self.settings.seed, client_id)
        return self.settings.default or _ORDINARY

    def quote(self, selection: Selection) -> QuoteBehaviour:
        """Return the next answer for this selection, and turn the page."""
        key = selection_key(selection)
        for index, entry in enumerate(self._quotes):
            if entry.only in {"", key}:
                return self._quotes.pop(index)
        return _AT_THE_PRICE

    def price(self, selection: Selection) -> Decimal | None:
        """Return the odds of a selection, if the script names any."""
        return self.prices.get(selection_key(selection))


#: What nothing is said about; made once, because making one checks it.
_AT_THE_PRICE = QuoteBehaviour()
_ORDINARY = Behaviour()


def read_prices(file: str) -> dict[str, Decimal]:
    """
    Read odds by `market/outcome` from a JSON file; no name: none.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a map, or odds are not above 1; the message names the file.
    """
    if not file:
        return {}
    try:
        prices = msgspec.json.decode(Path(file).read_bytes(), type=dict[str, Decimal], strict=False)
    except msgspec.DecodeError as error:
        raise ValueError(f"price_file {file}: expected a map of odds, {error}") from error
    for key, odds in prices.items():
        if odds <= 1:
            raise ValueError(
                f"price_file {file}: {key}: expected decimal odds above 1, found {odds}"
            )
    return prices

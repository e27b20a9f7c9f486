"""
Finds what ships beside the code: charts and scenarios, first-party plugins, runbooks, settings.

In the wheel they lie in `xarb_runtime/_bundled`, in a checkout at its top.
"""

from pathlib import Path
from typing import Literal, get_args

#: What can be asked for.
Bundled = Literal["statecharts", "plugins", "runbooks", "settings.yaml"]

_PACKAGE = Path(__file__).resolve().parent


class BundleError(FileNotFoundError):
    """
    Something that ships with xarb is not where it should be.

    Attributes:
        name: what was asked for.
        looked_in: the places where it was expected, in order.
    """

    def __init__(self, name: str, looked_in: tuple[Path, ...]) -> None:
        self.name = name
        self.looked_in = looked_in
        places = " or ".join(str(place) for place in looked_in)
        super().__init__(
            f"{name} ships with xarb, but it is not in {places}. The installation is incomplete: "
            f"install xarb again, or restore {name} in the checkout."
        )


def bundled(name: Bundled, *, package: Path = _PACKAGE) -> Path:
    """
    Return where a shipped directory (`statecharts`, `plugins`, `runbooks`) or file is.

    Args:
        name: one of `Bundled`.
        package: the directory of the package `xarb_runtime`.

    Raises:
        BundleError: it is in neither place.
        ValueError: nothing of that name ships with xarb.
    """
    if name not in get_args(Bundled):
        known = ", ".join(get_args(Bundled))
        raise ValueError(f"Nothing named {name} ships with xarb. Expected one of: {known}.")
    places = (package / "_bundled" / name, package.parent / name)
    for place in places:
        if place.exists():
            return place
    raise BundleError(name, places)

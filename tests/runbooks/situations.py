"""
All situations that pages can name.
"""

from tests.runbooks import (
    scenes_of_learning,
    scenes_of_the_broker,
    scenes_of_the_bus,
    scenes_of_the_day,
    scenes_of_the_night,
)
from tests.runbooks.scenes import SITUATIONS

#: They register their scenes when they are imported.
ROOMS = (
    scenes_of_learning,
    scenes_of_the_day,
    scenes_of_the_night,
    scenes_of_the_broker,
    scenes_of_the_bus,
)

__all__ = ["ROOMS", "SITUATIONS"]

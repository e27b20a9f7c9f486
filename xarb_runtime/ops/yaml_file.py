"""
A small YAML file that somebody names on the command line: keys and values, all of them texts.
"""

from pathlib import Path
from typing import Any

import yaml

from xarb_runtime.ops.problems import Problem, ProblemError


def read_keys(file: Path | None) -> dict[str, Any]:
    """
    Return the keys and values of a YAML file; no file has none.

    Raises:
        ProblemError: it is not YAML, or something else than keys and values.
        OSError: it cannot be read.
    """
    if file is None:
        return {}
    try:
        # Prices must stay as they are written: no number becomes a binary float.
        found = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProblemError(
            Problem(what="this is not YAML", where=str(file), found=str(error))
        ) from error
    if not isinstance(found, dict):
        problem = Problem(what="this is no script", where=str(file), expected="keys and values")
        raise ProblemError(problem)
    return found

"""
Kill points count, and kill at the chosen one only.
"""

import pytest

from xarb_runtime.service.killpoints import KillPoints


def reached_until_killed(kill_at: str) -> list[str]:
    log: list[str] = []
    points = KillPoints(kill_at, kill=lambda: log.append("killed"))
    for name, what in [
        ("before_commit", ""),
        ("after_commit", ""),
        ("before_wire", "place"),
        ("after_wire", "place"),
        ("before_commit", ""),
        ("before_wire", "find"),
    ]:
        log.append(f"{name}:{what}")
        points.reach(name, what)
        if "killed" in log:
            break
    return log


@pytest.mark.parametrize(
    ("kill_at", "last"),
    [
        ("before_commit:1", "before_commit:"),
        ("before_wire:2", "before_wire:find"),
        ("before_wire:find:1", "before_wire:find"),
        ("after_wire:place:1", "after_wire:place"),
    ],
)
def test_the_chosen_point_kills(kill_at: str, last: str) -> None:
    log = reached_until_killed(kill_at)

    assert [last, "killed"] == log[-2:]


def test_no_point_kills_when_none_is_chosen() -> None:
    assert "killed" not in reached_until_killed("")


@pytest.mark.parametrize("kill_at", ["lunch:1", "before_commit", "before_commit:soon"])
def test_a_point_that_does_not_exist_is_refused_with_the_names_of_those_that_do(
    kill_at: str,
) -> None:
    with pytest.raises(ValueError, match="before_commit, after_commit, before_wire, after_wire"):
        KillPoints(kill_at)

"""The token's file: made once, for its owner only, and refused when others can read it."""

import stat
from pathlib import Path

import pytest

from xarb_runtime.ops.problems import ProblemError
from xarb_runtime.ops.token import ensure_token, read_token


def test_the_first_start_makes_a_token_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "control.token"

    token = ensure_token(path)

    assert (len(token), set(token) <= set("0123456789abcdef")) == (64, True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_later_starts_use_the_same_token(tmp_path: Path) -> None:
    path = tmp_path / "control.token"

    assert ensure_token(path) == ensure_token(path) == read_token(path)


def test_two_installations_have_two_tokens(tmp_path: Path) -> None:
    assert ensure_token(tmp_path / "a") != ensure_token(tmp_path / "b")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_token_that_others_may_know_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "control.token"
    token = ensure_token(path)
    path.chmod(mode)

    for use in (ensure_token, read_token):
        with pytest.raises(
            ProblemError, match=f"expected mode 0600, found mode {mode:04o}"
        ) as told:
            use(path)
        assert token not in str(told.value)


def test_something_else_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "control.token"
    path.write_text("hunter2")
    path.chmod(0o600)

    with pytest.raises(ProblemError, match="64 hexadecimal digits, found 7 other") as told:
        ensure_token(path)

    assert "hunter2" not in str(told.value)


def test_a_token_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="Start `xarb run` once"):
        read_token(tmp_path / "none")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")

    with pytest.raises(ProblemError, match=r"var/control\.token"):
        ensure_token(tmp_path / "var" / "control.token")

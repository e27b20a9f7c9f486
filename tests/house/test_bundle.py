"""What ships beside the code is found in a checkout and in the wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked
from xarb_runtime.bundle import BundleError, bundled


@pytest.fixture
def package(tmp_path: Path) -> Path:
    package = tmp_path / "xarb_runtime"
    package.mkdir()
    return package


def test_a_checkout_has_it_at_its_top() -> None:
    assert bundled("statecharts") == ROOT / "statecharts"


def test_the_wheel_has_it_inside_the_package(package: Path) -> None:
    (package / "_bundled" / "runbooks").mkdir(parents=True)
    (package.parent / "runbooks").mkdir()

    assert bundled("runbooks", package=package) == package / "_bundled" / "runbooks"


def test_what_is_missing_is_named_with_every_place_and_what_to_do(package: Path) -> None:
    with pytest.raises(BundleError) as caught:
        bundled("settings.yaml", package=package)

    assert caught.value.looked_in == (
        package / "_bundled" / "settings.yaml",
        package.parent / "settings.yaml",
    )
    assert str(package.parent) in str(caught.value)
    assert "install xarb again" in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"Nothing named charts .* statecharts, plugins"):
        bundled("charts")  # type: ignore[arg-type]


def test_the_wheel_carries_everything_that_ships(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=150)

    (wheel,) = tmp_path.glob("xarb-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    missing = {
        name
        for name in tracked()
        if name == "settings.yaml"
        or name.startswith(("xarb_runtime/", "statecharts/", "plugins/", "runbooks/"))
        if name not in inside and f"xarb_runtime/_bundled/{name}" not in inside
    }

    assert missing == set()
    assert not [name for name in inside if name.startswith(("tests/", "benchmarks/"))]

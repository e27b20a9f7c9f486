"""
A clone works on any machine: nothing in it names one machine, its folders or its package sources.
"""

import re
import tomllib
from collections.abc import Iterator

from tests.house.source import ROOT, text, tracked

FOREIGN = {
    "a folder of one machine": r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/",
    "a package source": r"(?:index-url|find-links|trusted-host)[=: ]+\S*/",
    "a package registry": r"://(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|debian)\.(?:org|com)",
}
UPWARDS = re.compile(r"(?<![\w./])(?:\.\./)+[\w.-]+")
LOCK = "requirements.lock"


def test_no_file_names_a_machine_or_a_package_source() -> None:
    found = [
        f"{place} names {what}: {match}"
        for what, pattern in FOREIGN.items()
        for place, match in _matches(re.compile(pattern))
    ]

    assert not found, "\n".join(found)


def test_no_file_points_out_of_the_checkout() -> None:
    found = [
        f"{place}: {match}"
        for place, match in _matches(UPWARDS)
        if not (ROOT / place).parent.joinpath(match).resolve().is_relative_to(ROOT)
    ]

    assert not found, "\n".join(found)


def _matches(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for name in tracked():
        try:
            content = text(name)
        except UnicodeDecodeError:
            continue
        for match in pattern.finditer(content):
            yield f"{name}:{content.count(chr(10), 0, match.start()) + 1}", match[0]


def test_the_lock_holds_versions_and_hashes_only() -> None:
    allowed = re.compile(
        r"#.*|\s+#.*|\s*|[a-z0-9][a-z0-9._-]*==[0-9][\w.+!]*(?: ; [^/]+)? \\"
        r"|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
    )

    assert [line for line in text(LOCK).splitlines() if not allowed.fullmatch(line)] == []


def test_the_lock_pins_every_dependency() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
    ]
    names = {_normalised(re.split(r"[\[<>=~! ]", requirement)[0]) for requirement in wanted}
    pinned = {line.partition("==")[0] for line in text(LOCK).splitlines() if "==" in line}

    assert names - pinned == set(), "run make lock"


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_folder_that_ships_is_under_version_control() -> None:
    folders = {name.split("/")[0] for name in tracked() if "/" in name}

    assert {"plugins", "runbooks", "statecharts"} <= folders
    assert (ROOT / "settings.yaml").is_file()

"""
Node programs with their packages, which are installed once per machine, outside of the checkout.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / "toolkit"
NAMES = ("package.json", "package-lock.json", ".npmrc")
PATIENCE_SECONDS = 200


def _found(program: str) -> str:
    found = shutil.which(program)
    assert found, (
        f"expected {program}, found nothing. This test needs the real thing: install Debian's"
        f" nodejs and npm (`.ci/services` does)"
    )
    return found


def packages() -> Path:
    """Return the folder with the packages of the lock file; install them where they are missing."""
    lock = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in NAMES)).hexdigest()
    home = Path(tempfile.gettempdir()) / f"xarb-azuro-toolkit-{os.getuid()}-{lock[:16]}"
    home.mkdir(mode=0o700, exist_ok=True)
    assert home.stat().st_uid == os.getuid(), f"{home} belongs to somebody else"
    with (home / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (home / "installed").exists():
            _install(home)
            (home / "installed").touch()
    return home / "node_modules"


def _install(home: Path) -> None:
    for name in NAMES:
        shutil.copy(FOLDER / name, home / name)
    done = subprocess.run(
        [_found("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, f"npm ci: {done.stdout}{done.stderr}"


def run_script(folder: Path, *arguments: str) -> Any:
    """Run `follow.mjs` in a folder of its own, beside the packages; return the JSON it prints."""
    script = folder / "follow.mjs"
    shutil.copy(FOLDER / script.name, script)
    (folder / "node_modules").symlink_to(packages())
    done = subprocess.run(
        [_found("node"), str(script), *arguments],
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode()
    return msgspec.json.decode(done.stdout)

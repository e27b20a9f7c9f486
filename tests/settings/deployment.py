"""A deployment folder made of texts."""

from pathlib import Path

from xarb_runtime.service.settings import Settings, SettingsError, load_settings


def load(
    folder: Path, settings: str = "", secrets: str | None = None, /, **environ: str
) -> Settings:
    """Load a deployment that has these two files and this environment."""
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(settings)
    if secrets is not None:
        path = folder / ".secrets.yaml"
        path.write_text(secrets)
        path.chmod(0o600)
    return load_settings(folder, environ)


def findings(
    folder: Path, settings: str = "", secrets: str | None = None, /, **environ: str
) -> list[str]:
    """Return what is wrong with such a deployment, each finding as `code key (place): message`."""
    try:
        load(folder, settings, secrets, **environ)
    except SettingsError as error:
        return [str(finding).replace(f"{folder}/", "") for finding in error.findings]
    return []

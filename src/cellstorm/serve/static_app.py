"""The app as a folder for any https host."""

import shutil
from pathlib import Path

from cellstorm.atomic_folder import atomic_folder
from cellstorm.errors import ConfigurationError
from cellstorm.serve.routes.app_files import APP_FOLDER, MODELS_OF_THE_PACKAGE

__all__ = ["write_app"]


def write_app(folder: Path, *, app_folder: Path = APP_FOLDER) -> int:
    """Write all that the app needs without a server of ours; give how many bytes.

    Parameters
    ----------
    folder
        What to write; an app written there before is replaced.
    app_folder
        Where the build left the app.

    Raises
    ------
    ConfigurationError
        The app is not built into this copy of cellstorm.
    OutputError
        The folder is something else, or cannot be written.
    """
    if not (app_folder / "index.html").is_file():
        raise ConfigurationError(
            "the app is not built into this copy of cellstorm.",
            todo="Install Node.js 20 or newer and run make app in its source folder.",
        )
    with atomic_folder(folder, lambda old: (old / "manifest.webmanifest").is_file()) as temporary:
        shutil.copytree(app_folder, temporary, dirs_exist_ok=True)
        for place, model in MODELS_OF_THE_PACKAGE.items():
            (temporary / place).parent.mkdir(exist_ok=True)
            shutil.copyfile(model, temporary / place)
        return sum(path.stat().st_size for path in temporary.rglob("*") if path.is_file())

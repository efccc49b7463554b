"""Builds the app into the package, where Node is there to do it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LEFT_OUT = "the app for phones and browsers is left out"


class AppBuildHook(BuildHookInterface[Any]):
    """Runs ``npm ci`` and ``vite build`` before a wheel or a source archive is packed.

    An app that is built already is taken as it is, so that a source archive that has one
    needs no Node. Without Node, or where the build fails, the package is made without the
    app and says so; ``cellstorm serve`` then offers its jobs only.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build unless the installation is editable (``make app`` does it then)."""
        del build_data
        web = Path(self.root) / "web"
        built = Path(self.root) / "src" / "cellstorm" / "serve" / "app" / "index.html"
        if version == "editable" or built.exists():
            return
        npm = shutil.which("npm")
        if npm is None or not (web / "package.json").exists():
            self.app.display_warning(f"cellstorm: there is no Node.js here: {_LEFT_OUT}.")
            return
        for command in ([npm, "ci"], [npm, "run", "build"]):
            done = subprocess.run(command, cwd=web, capture_output=True, text=True, check=False)
            if done.returncode:
                shutil.rmtree(built.parent, ignore_errors=True)
                last = (done.stderr or done.stdout).strip().splitlines()[-1:]
                self.app.display_warning(
                    f"cellstorm: {' '.join(command[1:])} failed ({' '.join(last)}): {_LEFT_OUT}."
                )
                return

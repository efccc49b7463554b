"""The folders that the user named, and no way out of them."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel

from cellstorm.errors import ConfigurationError
from cellstorm.movie.sniff import is_zarr_folder, kind_of_name
from cellstorm.serve.refusals import Refusal

__all__ = ["EntryKind", "FolderEntry", "FolderListing", "Folders"]

EntryKind = Literal["folder", "movie", "table", "picture", "camera", "other"]
_MOST_ENTRIES = 5000
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
_CAMERAS = frozenset({".yaml", ".yml"})
_MOST_CAMERA_BYTES = 1_000_000
# a field that every camera file has
_MARK_OF_A_CAMERA = b"gain_e_per_adu:"
_TABLES = frozenset({".parquet", ".csv", ".hdf5"})


class FolderEntry(BaseModel):
    """One thing in a folder."""

    name: str
    path: str
    kind: EntryKind
    size_bytes: int | None
    modified: datetime


class FolderListing(BaseModel):
    """What is in a folder."""

    folder: str
    path: str
    truncated: bool
    entries: list[FolderEntry]


class Folders:
    """Folders by name.

    Parameters
    ----------
    roots
        The folders; each is called by its last part.

    Raises
    ------
    ConfigurationError
        One is missing, or no folder.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots: dict[str, Path] = {}
        for root in roots:
            if not root.is_dir():
                raise ConfigurationError("there is no such folder.", where=root)
            real = root.resolve()
            if real in self._roots.values():
                continue
            name = base = real.name or "files"
            number = 1
            while name in self._roots:
                number += 1
                name = f"{base}-{number}"
            self._roots[name] = real

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return list(self._roots)

    def find(self, folder: str, path: str) -> Path:
        """The file or folder at a path within one.

        Raises
        ------
        Refusal
            There is none, or the path leads out of the folder.
        """
        root = self._roots.get(folder)
        if root is None:
            raise Refusal("not_found", "there is no such folder.")
        outside = Refusal(
            "outside_folder",
            "this path leads out of the folder.",
            "Start the server with --folder for the other one, too.",
        )
        parts = PurePosixPath(path).parts
        if (
            path.startswith("/")
            or any(sign in path for sign in "\\\0")
            or any(part == ".." or ":" in part[1:2] for part in parts)
        ):
            raise outside
        if any(part.startswith(".") for part in parts):
            raise Refusal("not_found", "hidden files are not shown.")
        try:
            found = root.joinpath(*parts).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise Refusal("not_found", "there is no such file in the folder.") from error
        if not found.is_relative_to(root):
            raise outside
        return found

    def listing(self, folder: str, path: str) -> FolderListing:
        """What is in a folder; hidden things and links that lead out of it are left away.

        Raises
        ------
        Refusal
            There is none, or it cannot be read.
        """
        place = self.find(folder, path)
        if not place.is_dir():
            raise Refusal("not_found", "this is not a folder.")
        root = self._roots[folder]
        shown = PurePosixPath(path).as_posix().removeprefix(".")
        entries = []
        try:
            with os.scandir(place) as found:
                for item in found:
                    if (entry := _entry(item, root, shown)) is not None:
                        entries.append(entry)
        except OSError as error:
            raise Refusal("not_found", f"the folder cannot be read ({error.strerror}).") from error
        entries.sort(key=lambda entry: (entry.kind != "folder", entry.name.lower(), entry.name))
        return FolderListing(
            folder=folder,
            path=shown,
            truncated=len(entries) > _MOST_ENTRIES,
            entries=entries[:_MOST_ENTRIES],
        )


def _entry(item: "os.DirEntry[str]", root: Path, shown: str) -> FolderEntry | None:
    try:
        item.name.encode()
        if item.name.startswith(".") or "\\" in item.name:
            return None
        path = Path(item.path)
        if item.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return None
        is_folder = item.is_dir()
        if not is_folder and not item.is_file():
            return None
        facts = item.stat()
    except (OSError, UnicodeError, RuntimeError):
        # what cannot be looked at cannot be opened
        return None
    return FolderEntry(
        name=item.name,
        path=f"{shown}/{item.name}" if shown else item.name,
        kind=_kind(path, is_folder, facts.st_size),
        size_bytes=None if is_folder else facts.st_size,
        modified=datetime.fromtimestamp(int(facts.st_mtime), UTC),
    )


def _kind(path: Path, is_folder: bool, size_bytes: int) -> EntryKind:
    if is_folder:
        return "movie" if is_zarr_folder(path) else "folder"
    suffix = path.suffix.lower()
    if suffix in _PICTURES:
        return "picture"
    if suffix in _TABLES:
        return "table"
    if suffix in _CAMERAS:
        return "camera" if _is_camera(path, size_bytes) else "other"
    return "movie" if kind_of_name(path) is not None else "other"


def _is_camera(path: Path, size_bytes: int) -> bool:
    try:
        return size_bytes <= _MOST_CAMERA_BYTES and _MARK_OF_A_CAMERA in path.read_bytes()
    except OSError:
        return False

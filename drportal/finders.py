"""Where the page's copy of BokehJS comes from: the installed package, never a CDN."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bokeh
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage


class BokehFinder(BaseFinder):
    """Serves `bokeh/bokeh.min.js` out of the bokeh package; its other 50 MB stay there."""

    FILES = ("bokeh.min.js",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = FileSystemStorage(location=Path(bokeh.__file__).parent / "server/static/js")
        self.storage.prefix = "bokeh"  # type: ignore[attr-defined]  # read by collectstatic

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file's place on disk, or nothing."""
        found = [self.storage.path(name) for name in self.FILES if path == f"bokeh/{name}"]
        if find_all:
            return found
        return found[0] if found else []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """What collectstatic copies."""
        for name in self.FILES:
            yield name, self.storage

    def check(self, **kwargs: Any) -> Any:
        """Nothing to check: the package is pinned."""
        return []

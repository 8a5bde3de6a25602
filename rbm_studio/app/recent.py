"""The experiments and models that were opened or saved last."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings

KEPT = 8
_KEY = "files/recent"


class RecentFiles:
    """A list of paths in the user's settings, the newest first."""

    def paths(self) -> list[Path]:
        """Return those that still exist."""
        saved = QSettings().value(_KEY)
        # A list of one comes back as a string from some systems' settings.
        names = [saved] if isinstance(saved, str) else saved if isinstance(saved, list) else []
        return [path for path in map(Path, names) if path.is_file()]

    def add(self, path: Path) -> None:
        """Put a path first."""
        newest = path.resolve()
        names = [str(newest), *(str(other) for other in self.paths() if other != newest)]
        QSettings().setValue(_KEY, names[:KEPT])

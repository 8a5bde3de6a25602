"""One line of quiet text that gives way where there is no room for it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from rbm_studio.plain import folded, plain


class ElidedLabel(QLabel):
    """A line of text, shortened to the width that there is.

    Parameters
    ----------
    mode : Qt.TextElideMode
        Where it gives way.
    """

    def __init__(self, mode: Qt.TextElideMode) -> None:
        super().__init__()
        self._mode = mode
        self._text = ""
        self.setObjectName("quiet")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_text(self, text: str, note: str = "") -> None:
        """Show a text; the tooltip has the whole of it, and a note."""
        self._text = plain(text)
        self.setToolTip(folded("\n".join(part for part in (self._text, note) if part)))
        self.setAccessibleName(self._text)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Follow the size and the font."""
        handled = super().event(event)
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange):
            self._fit()
        return handled

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._text, self._mode, self.contentsRect().width()))

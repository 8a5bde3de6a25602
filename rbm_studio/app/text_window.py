"""A window with text to read and to copy, beside the main window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from rbm_studio.app.log import last_lines, log_path
from rbm_studio.app.report import report
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QShowEvent

    from rbm_studio.app.session import Session

_SIZE = (800, 500)
LOG_LINES = 2000


class TextWindow(QDialog):
    """Shows text that `read` gives.

    Parameters
    ----------
    title : str
    about : str
        A line above the text.
    read : callable
        Called at once, and for each Refresh.
    parent : QWidget
    at_end : bool
        Whether the end is what matters.
    """

    def __init__(
        self, title: str, about: str, read: Callable[[], str], parent: QWidget, *, at_end: bool = False
    ) -> None:
        super().__init__(parent)
        self._read, self._at_end = read, at_end
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.NonModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.about = QLabel(about)
        self.about.setWordWrap(True)
        self.about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName(title)
        self.text.setToolTip(self.tr("Drag over lines to select them."))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip(self.tr("Close this window (Esc)"))
        close.setAutoDefault(False)
        self._buttons.rejected.connect(self.close)
        self._copy = self.add_button(self.tr("&Copy all"), self.tr("Copy the text above"), self._copy_all)
        self._copy.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID, GRID, GRID, GRID)
        layout.setSpacing(GRID)
        for widget in (self.about, self.text, self._buttons):
            layout.addWidget(widget)
        self.refresh()

    def add_button(self, text: str, tip: str, pressed: Callable[[], object]) -> QPushButton:
        """Add a button that does not close the window."""
        button = self._buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        # A lambda: `clicked` carries a flag that the slots do not take.
        button.clicked.connect(lambda: pressed())
        return button

    def showEvent(self, event: QShowEvent) -> None:
        """Scroll to what matters, now that the window has its size."""
        super().showEvent(event)
        self._scroll()

    def refresh(self) -> None:
        """Read the text anew."""
        self.text.setPlainText(self._read())
        self._scroll()

    def _scroll(self) -> None:
        self.text.moveCursor(QTextCursor.MoveOperation.End if self._at_end else QTextCursor.MoveOperation.Start)
        self.text.moveCursor(QTextCursor.MoveOperation.StartOfLine)
        self.text.ensureCursorVisible()

    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._copy.setText(self.tr("&Copied"))


def show_log(parent: QWidget) -> TextWindow:
    """Show the end of the log."""

    def read() -> str:
        return "\n".join(last_lines(LOG_LINES)) or _words("There is no log, or nothing in it yet.")

    window = TextWindow(_words("Log"), str(log_path()), read, parent, at_end=True)
    window.add_button(_words("&Refresh"), _words("Read the log anew"), window.refresh)

    def open_folder() -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_path().parent))):
            window.about.setText(_words("No program opened the folder. The log is {0}").format(log_path()))

    window.add_button(_words("Open &folder"), _words("Show the folder that holds the log"), open_folder)
    window.show()
    return window


def show_report(parent: QWidget, session: Session, error: BaseException | None = None) -> TextWindow:
    """Show the report, of a fault if there was one, before it goes anywhere."""
    about = _words(
        "Nothing is sent: copy this, and give it to whoever helps you. Your files' names and folders are left out."
    )
    window = TextWindow(_words("Report"), about, lambda: report(session, error), parent)
    window.show()
    return window


def _words(text: str) -> str:
    return QCoreApplication.translate("text_window", text)

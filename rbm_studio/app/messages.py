"""Errors in the user's words and language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio.errors import RBMStudioError


def in_words(error: Exception) -> tuple[str, str]:
    """Return what is wrong, and what to do about it."""
    if isinstance(error, RBMStudioError):
        return _translated(error.problem, error.fields), _translated(error.remedy, error.fields)
    return (
        QCoreApplication.translate("errors", "Something went wrong that RBM Studio did not foresee ({0}).").format(
            type(error).__name__
        ),
        QCoreApplication.translate(
            "errors", "What was there before is unchanged; save your model. The log holds the details: Help, Show log."
        ),
    )


def _translated(template: str, fields: dict[str, object]) -> str:
    words = QCoreApplication.translate("errors", template) if template else ""
    if not fields:
        return words
    return words.format(**{key: _one_in_words(value) for key, value in fields.items()})


def _one_in_words(value: object) -> object:
    # A message may hold another one, for instance the reason of each mirror that failed.
    return " ".join(part for part in in_words(value) if part) if isinstance(value, RBMStudioError) else value


def show_error(parent: QWidget, error: Exception) -> QMessageBox:
    """Show an error over a window, which stays usable behind it, and return the message box."""
    problem, remedy = in_words(error)
    box = QMessageBox(QMessageBox.Icon.Warning, "RBM Studio", problem, QMessageBox.StandardButton.Ok, parent)
    box.setInformativeText(remedy)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowModality(Qt.WindowModality.WindowModal)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return box

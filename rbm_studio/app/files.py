"""Asking for files: dialogs that leave the window alive, and what a file is by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from rbm_studio.app.preferences import FOLDER, preferences
from rbm_studio.plain import plain
from rbm_studio.storage.experiment_file import EXPERIMENT_SUFFIX
from rbm_studio.storage.model_file import SUFFIX as MODEL_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable


_LONGEST_NAME = 50
_IN_NO_NAME = re.compile(r'[/\\:*?"<>|\ufffd]')


def is_model(path: Path) -> bool:
    """Whether a file's name says that it is a model."""
    return path.suffix.lower() == MODEL_SUFFIX


def is_experiment(path: Path) -> bool:
    """Whether a file's name says that it is an experiment."""
    return path.suffix.lower() == EXPERIMENT_SUFFIX


def is_document(path: Path) -> bool:
    """Whether a file's name says that it is an experiment, or a model that becomes a new one."""
    return is_experiment(path) or is_model(path)


def as_name(text: str) -> str:
    """Return what somebody called something as a file's name that any system takes, and that leads nowhere else."""
    return _IN_NO_NAME.sub("-", plain(text)[:_LONGEST_NAME]).strip(". ")


def ask_to_open(parent: QWidget, title: str, name_filter: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Show a dialog for a file that exists; ``chosen`` is called with its path."""
    dialog = _dialog(parent, title, name_filter, chosen, QFileDialog.FileMode.ExistingFile)
    dialog.open()
    return dialog


def ask_for_folder(parent: QWidget, title: str, chosen: Callable[[Path], None]) -> QFileDialog:
    """Show a dialog for a folder; ``chosen`` is called with its path."""
    dialog = _dialog(parent, title, "", chosen, QFileDialog.FileMode.Directory)
    dialog.open()
    return dialog


def ask_to_save(
    parent: QWidget, title: str, name_filter: str, suggestion: str, chosen: Callable[[Path], None]
) -> QFileDialog:
    """Show a dialog for a file to write, with a name suggested; ``chosen`` is called with its path.

    A name without a suffix gets that of the filter chosen.
    """
    dialog = _dialog(parent, title, name_filter, chosen, QFileDialog.FileMode.AnyFile)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(suggestion)
    dialog.setDefaultSuffix(Path(suggestion).suffix.lstrip("."))
    dialog.filterSelected.connect(lambda chosen_filter: dialog.setDefaultSuffix(_suffix_of(chosen_filter)))
    # Last: a dialog of the system's own takes what is set before it opens.
    dialog.open()
    return dialog


def _suffix_of(name_filter: str) -> str:
    return name_filter.rpartition("*.")[2].rstrip(")")


def _dialog(
    parent: QWidget, title: str, name_filter: str, chosen: Callable[[Path], None], mode: QFileDialog.FileMode
) -> QFileDialog:
    dialog = QFileDialog(parent, title, preferences.value(FOLDER) or str(Path.home()), name_filter)
    dialog.setFileMode(mode)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def take(name: str) -> None:
        path = Path(name)
        preferences.keep(FOLDER, str(path.parent))
        chosen(path)

    dialog.fileSelected.connect(take)
    return dialog

"""The question before something would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio.app.messages import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.gpu_errors import GPUError


def ask_to_keep(
    parent: QWidget,
    question: str,
    *,
    training: bool,
    asks_for_name: bool,
    save: Callable[[], object],
    discard: Callable[[], object],
) -> QMessageBox:
    """Ask whether to save the experiment; the window lives on behind the question.

    Parameters
    ----------
    parent : QWidget
    question : str
        What the user is about to do.
    training : bool
        Whether a run would be ended.
    asks_for_name : bool
        Whether to save it takes another answer.
    save, discard : callable
        What the answers do; a third answer, Cancel, does nothing.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("RBM Studio")
    box.setText(question)
    box.setInformativeText(
        _words("The training is not over: it will be stopped, and what the model has learned is not saved yet.")
        if training
        else _words("What has changed in the experiment is not saved yet.")
    )
    saving = box.addButton(_words("Save…") if asks_for_name else _words("Save"), QMessageBox.ButtonRole.AcceptRole)
    discarding = box.addButton(_words("Don't save"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(saving)
    box.setEscapeButton(cancel)
    box.setWindowModality(Qt.WindowModality.WindowModal)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def answer() -> None:
        if box.clickedButton() is saving:
            save()
        elif box.clickedButton() is discarding:
            discard()

    box.finished.connect(answer)
    box.open()
    return box


def ask_to_go_on_on_cpu(parent: QWidget, error: GPUError, go_on: Callable[[], object]) -> QMessageBox:
    """Ask whether a run that the GPU cannot go on with goes on on the CPU; the window lives on behind the question."""
    problem, _remedy = in_words(error)
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("RBM Studio")
    box.setText(problem)
    box.setInformativeText(
        _words("What the model has learned is kept. Go on with the training on the CPU? It takes longer there.")
    )
    going = box.addButton(_words("Go on on the CPU"), QMessageBox.ButtonRole.AcceptRole)
    stopping = box.addButton(_words("Stop here"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(going)
    box.setEscapeButton(stopping)
    box.setWindowModality(Qt.WindowModality.WindowModal)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.finished.connect(lambda: go_on() if box.clickedButton() is going else None)
    box.open()
    return box


def _words(text: str) -> str:
    return QCoreApplication.translate("questions", text)

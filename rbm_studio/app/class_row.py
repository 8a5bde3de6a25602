"""A row of classes to ask for: press 7, and the model draws one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from rbm_studio.app.controls import explain
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.icons import icon
from rbm_studio.app.theme import GRID
from rbm_studio.app.wrapping_row import WrappingRow
from rbm_studio.core.class_drawing import MOST_STEPS

if TYPE_CHECKING:
    from rbm_studio.app.lab_chain import LabChain

KEYS = 10
"""So many classes have a key of their own, their figure."""


class ClassRow(QWidget):
    """A button for each class that the model knows, one to stop, and how far the chains have come.

    Parameters
    ----------
    lab : LabChain
    parent : QWidget, optional

    Attributes
    ----------
    asked : Signal(int)
        This class shall be drawn.
    """

    asked = Signal(int)

    def __init__(self, lab: LabChain, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lab = lab
        self._advice = ""
        self._buttons: list[QToolButton] = []
        self._classes: WrappingRow | None = None
        self._end = QToolButton()
        self._words = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._row = QHBoxLayout(self)
        self._arrange()
        self._end.clicked.connect(self.end)
        for signal in (lab.moved, lab.restarted, lab.run_changed):
            signal.connect(self.show_state)
        self.hide()
        self.show_state()

    def _arrange(self) -> None:
        self._end.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._end.setAutoRaise(True)
        # As wide as either text: nothing beside it moves when it changes.
        for text in (self.tr("Close"), self.tr("Stop")):
            self._end.setIcon(icon("stop"))
            self._end.setText(text)
            self._end.setMinimumWidth(max(self._end.minimumWidth(), self._end.sizeHint().width()))
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID)
        self._row.addWidget(QLabel(self.tr("Draw a")))
        self._row.addWidget(self._end)
        self._row.addWidget(self._words, 2)
        # Found by the name of what it says, it would be called by that alone.
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    # --- what there is to ask for

    def set_classes(self, count: int) -> None:
        """Offer so many classes; with none the row goes."""
        self.setVisible(count > 0)
        if count == len(self._buttons):
            return
        if self._classes is not None:
            self._row.removeWidget(self._classes)
            self._classes.hide()
            self._classes.deleteLater()
        self._buttons = [self._button(each) for each in range(count)]
        # Ten stand in one line, and leave the rest to the words; many take what there is, in lines.
        few = count <= KEYS
        self._classes = WrappingRow(list(self._buttons), gap=GRID // 4, lines=1)
        self._classes.setSizePolicy(
            QSizePolicy.Policy.Maximum if few else QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
        )
        self._row.insertWidget(1, self._classes, 0 if few else 3)
        self.show_state()

    def _button(self, label: int) -> QToolButton:
        button = QToolButton()
        button.setText(str(label))
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name = self.tr("Draw a {0}").format(label)
        key = self.tr(" (key {0})").format(label) if label < KEYS else ""
        tip = self.tr(
            "Let the model draw a {0}{1}: chains from noise, with this class held, until each shows one.\n"
            "Again, to stop; and again, to have another."
        ).format(label, key)
        explain({button: (name, tip)})
        button.clicked.connect(partial(self.ask, label))
        return button

    def ask(self, label: int) -> bool:
        """Draw a class; if it is being drawn, stop. Return whether there is such a class."""
        if label >= len(self._buttons):
            return False
        lab = self._lab
        if lab.is_settling and lab.held.label == label:
            lab.stop()
        else:
            self.asked.emit(label)
        self.show_state()
        return True

    def end(self) -> bool:
        """Stop what is being drawn, or put away what was; return whether there was any."""
        lab = self._lab
        if lab.held.label is None:
            return False
        if lab.is_settling:
            lab.stop()
        else:
            lab.set_label(None)
        return True

    # --- how far it is

    def set_advice(self, words: str) -> None:
        """Take what is to be said where no image of the class has come."""
        self._advice = words

    def show_state(self) -> None:
        """Show which class is drawn, and how far it is."""
        lab, drawn = self._lab, self._lab.held.label
        for label, button in enumerate(self._buttons):
            button.setChecked(label == drawn)
        self._end.setEnabled(drawn is not None)
        if lab.is_settling or drawn is None:
            self._end.setText(self.tr("Stop"))
            explain({self._end: (self.tr("Stop drawing"), self.tr("Stop the chains where they are (Esc)"))})
        else:
            self._end.setText(self.tr("Close"))
            tip = self.tr("Put the digit away, and go on with your drawing (Esc)")
            explain({self._end: (self.tr("Close what was drawn"), tip)})
        self._end.setIcon(icon("stop" if lab.is_settling or drawn is None else "clear"))
        self._words.set_text(*self._state())

    def _state(self) -> tuple[str, str]:
        """Return how far it is, and what that means."""
        lab, drawing, label = self._lab, self._lab.class_drawing, self._lab.held.label
        if drawing is None or label is None:
            return "", ""
        steps = self.tr("Step {0}").format(QLocale().toString(lab.steps))
        note = self.tr(
            "Gibbs steps from noise. A chain is done when the model takes what it shows for a {0}, at 90% or more,\n"
            "and its free energy is one that the data's {0}s have. One that is not there after 300 steps begins again."
        ).format(label)
        done, count = int(drawing.done.sum()), len(drawing.done)
        if drawing.is_done:
            return self.tr("{0}: done").format(steps), note
        if lab.is_settling or lab.is_active:
            return self.tr("{0}  ·  {1} of {2} done").format(steps, done, count), note
        if lab.steps < MOST_STEPS:
            return self.tr("{0}: stopped").format(steps), note
        if drawing.below:
            why = self.tr("the model believes in other pictures more than in its data.")
        else:
            why = self.tr("the chains do not come to one.")
        missing = self.tr("{0}: {1} of {2} are no {3}: {4} {5}")
        return missing.format(steps, count - done, count, label, why, self._advice).rstrip(), note

"""The controls of what the chains complete: what is covered, which class is held, and how many chains there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from rbm_studio.app.chain_controls import tool_button
from rbm_studio.app.controls import explain
from rbm_studio.app.cover import Part
from rbm_studio.app.held import COUNTS
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.app.lab_chain import LabChain


class CoverControls(QWidget):
    """A row of controls of covered pixels and of a class that is held.

    Parameters
    ----------
    lab : LabChain
    parent : QWidget, optional

    Attributes
    ----------
    mean_changed : Signal()
        See `shows_mean`.
    """

    mean_changed = Signal()

    def __init__(self, lab: LabChain, run_action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lab = lab
        self._part, self._label = QComboBox(), QComboBox()
        self._uncover = QAction(self.tr("Uncover"), self)
        self._count = QSpinBox()
        self._mean, self._from_noise = QCheckBox(self.tr("Mean")), QCheckBox(self.tr("From noise"))
        self._class_controls = QWidget()
        self._fill()
        self._arrange(run_action)
        self._explain()
        self._part.activated.connect(lambda: lab.cover(self._part.currentData()))
        self._uncover.triggered.connect(lambda: lab.cover(Part.NOTHING))
        self._count.valueChanged.connect(lab.set_count)
        self._mean.toggled.connect(self.mean_changed)
        self._label.activated.connect(lambda: lab.set_label(self._label.currentData()))
        self._from_noise.toggled.connect(lab.set_from_noise)
        lab.restarted.connect(self.show_state)
        self.show_state()

    @property
    def shows_mean(self) -> bool:
        """Whether the mean of the chains is to be shown instead of each."""
        return self._mean.isChecked()

    def _fill(self) -> None:
        names = {
            Part.NOTHING: self.tr("nothing"),
            Part.RIGHT: self.tr("right half"),
            Part.LEFT: self.tr("left half"),
            Part.TOP: self.tr("top half"),
            Part.BOTTOM: self.tr("bottom half"),
            Part.MIDDLE: self.tr("middle"),
            Part.BRUSH: self.tr("by brush"),
        }
        for part, name in names.items():
            self._part.addItem(name, part)
        self._count.setRange(*COUNTS)
        self._count.setValue(self._lab.held.count)

    def _arrange(self, run_action: QAction) -> None:
        row = QHBoxLayout(self._class_controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID // 2)
        drawn: list[QWidget] = [
            _labelled(self.tr("Draw a"), self._label),
            self._label,
            self._from_noise,
        ]
        for widget in drawn:
            row.addWidget(widget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        what: list[QWidget] = [_labelled(self.tr("Cover"), self._part), self._part, tool_button(self._uncover)]
        for widget in (*what, self._class_controls):
            layout.addWidget(widget)
        layout.addStretch(1)
        how: list[QWidget] = [_labelled(self.tr("Chains"), self._count), self._count, self._mean]
        run = tool_button(run_action)
        run.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        for widget in (*how, run):
            layout.addWidget(widget)

    def _explain(self) -> None:
        self._uncover.setToolTip(self.tr("Uncover all pixels"))
        tips: dict[QWidget, tuple[str, str]] = {
            self._part: (
                self.tr("Cover"),
                self.tr(
                    "Cover a part of what the network sees: the model completes it, the other pixels are held.\n"
                    "Or drag over the picture “Seen as…” to cover pixels; with Shift or from a covered one, uncover."
                ),
            ),
            self._count: (
                self.tr("Chains"),
                self.tr("How many chains complete the drawing, side by side, each by chance: 1 to 16"),
            ),
            self._mean: (
                self.tr("Mean of the chains"),
                self.tr("Show the mean of the chains' p(v|h) instead of each"),
            ),
            self._label: (
                self.tr("Draw a"),
                self.tr(
                    "Hold this class: the chains then draw pictures of it, until each shows one (Esc stops them).\n"
                    "With a part covered they complete the drawing to one."
                ),
            ),
            self._from_noise: (
                self.tr("From noise"),
                self.tr(
                    "Start the chains of a class from noise, each pixel on as often as its bias says; "
                    "else from the drawing.\nCovered pixels always start from noise."
                ),
            ),
        }
        explain(tips)

    def set_classes(self, count: int) -> None:
        """Offer so many classes to hold; 0 where the model knows none."""
        self._class_controls.setVisible(count > 0)
        if self._label.count() == count + 1:
            return
        with QSignalBlocker(self._label):
            self._label.clear()
            self._label.addItem("–", None)
            for each in range(count):
                self._label.addItem(str(each), each)
        self.show_state()

    def show_state(self) -> None:
        """Show what is covered and held."""
        lab = self._lab
        self._part.setCurrentIndex(self._part.findData(lab.held.part))
        self._label.setCurrentIndex(0 if lab.held.label is None else lab.held.label + 1)
        self._from_noise.setChecked(lab.held.from_noise)
        self._from_noise.setEnabled(lab.held.label is not None)
        self._uncover.setEnabled(lab.held.covers)
        self._count.setValue(lab.held.count)
        self._mean.setEnabled(lab.held.anything)


def _labelled(text: str, control: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(control)
    return label

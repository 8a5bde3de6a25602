"""The controls of the chain: a stage, run and pause, the speed, and back to the drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from rbm_studio.app.icons import icon
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from rbm_studio.app.lab_chain import LabChain

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Stages a second, which the slider offers."""


class ChainControls(QWidget):
    """A row of controls of a chain.

    Parameters
    ----------
    lab : LabChain
    mode : QComboBox
        Whether the live reconstruction samples the hidden units; stands at the row's end.
    parent : QWidget, optional

    Attributes
    ----------
    step_action, run_action : QAction
        For other places too.
    """

    def __init__(self, lab: LabChain, mode: QComboBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lab = lab
        self.step_action = QAction(icon("step"), self.tr("Stage"), self)
        self.run_action = QAction(self)
        self.run_action.setCheckable(True)
        self._restart = QAction(icon("reset"), self.tr("Restart"), self)
        self._speed = QSlider(Qt.Orientation.Horizontal)
        self._speed_words, self._count = QLabel(), QLabel()
        self._arrange(mode)
        self._explain()
        self.step_action.triggered.connect(lab.half_step)
        self.run_action.toggled.connect(self._run)
        self._restart.triggered.connect(lab.restart)
        self._speed.valueChanged.connect(lambda place: lab.set_speed(SPEEDS[place]))
        lab.run_changed.connect(self._show_run)
        lab.speed_changed.connect(self._show_speed)
        lab.moved.connect(self.show_count)
        lab.restarted.connect(self.show_count)
        self._show_run()
        self._show_speed()
        self.show_count()

    def _arrange(self, mode: QComboBox) -> None:
        self.step_action.setShortcut(QKeySequence("F3"))
        self.run_action.setShortcut(QKeySequence("F4"))
        self._speed.setRange(0, len(SPEEDS) - 1)
        self._speed.setPageStep(1)
        self._speed.setFixedWidth(8 * GRID)
        self._speed_words.setMinimumWidth(self.fontMetrics().horizontalAdvance(self._per_second(SPEEDS[-1])))
        # Takes what room there is, and asks for none: nothing moves when the number grows.
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        run = tool_button(self.run_action)
        # As wide as either text: nothing beside it moves when it is pressed.
        self.run_action.setIcon(icon("train"))
        for text in (self.tr("Run"), self.tr("Pause")):
            self.run_action.setText(text)
            run.setMinimumWidth(max(run.minimumWidth(), run.sizeHint().width()))
        for button in (tool_button(self.step_action), run):
            layout.addWidget(button)
        layout.addWidget(self._speed)
        layout.addWidget(self._speed_words)
        layout.addWidget(tool_button(self._restart))
        layout.addWidget(self._count, 1)
        layout.addWidget(mode)

    def _explain(self) -> None:
        self.step_action.setToolTip(
            self.tr(
                "Make the next stage of the chain (F3): p(h|v), then h, then p(v|h), then v again.\n"
                "These four are one step of Gibbs sampling."
            )
        )
        self._restart.setToolTip(self.tr("Begin again from the drawing"))
        self._speed.setAccessibleName(self.tr("Speed of the chain"))
        self._speed.setToolTip(self.tr("How fast the chain runs: stages a second, four to a Gibbs step"))
        self._speed_words.setToolTip(self._speed.toolTip())
        self._count.setToolTip(self.tr("How many Gibbs steps were made since the drawing"))

    def _run(self, run: bool) -> None:
        if run:
            self._lab.run()
        else:
            self._lab.pause()
        self._show_run()

    def _show_run(self) -> None:
        running = self._lab.is_running
        self.run_action.blockSignals(True)
        self.run_action.setChecked(running)
        self.run_action.blockSignals(False)
        self.run_action.setIcon(icon("pause" if running else "train"))
        self.run_action.setText(self.tr("Pause") if running else self.tr("Run"))
        self.run_action.setToolTip(
            self.tr("Stay at this stage (F4)")
            if running
            else self.tr("Let the chain go on by itself, stage after stage: Gibbs sampling from the drawing (F4)")
        )

    def _per_second(self, speed: float) -> str:
        return self.tr("{0:g} stages/s").format(speed)

    def _show_speed(self) -> None:
        nearest = min(range(len(SPEEDS)), key=lambda place: abs(SPEEDS[place] - self._lab.speed))
        self._speed.setValue(nearest)
        self._speed_words.setText(self._per_second(self._lab.speed))

    def show_count(self) -> None:
        """Show how far the chain is, and whether there is one."""
        self._count.setText(self.tr("Gibbs steps: {0}").format(self._lab.steps))
        for action in (self.step_action, self.run_action, self._restart):
            action.setEnabled(self._lab.chains is not None)


def tool_button(action: QAction) -> QToolButton:
    """Return a button of an action, with its words beside its icon, that the keyboard reaches."""
    # Without a parent yet: the keyboard goes round in the order in which a row takes its controls.
    button = QToolButton()
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button

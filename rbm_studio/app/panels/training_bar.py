"""The training bar: Train, Pause, Step, Stop, Reset, and how far the run is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLabel, QProgressBar, QSizePolicy, QToolBar, QWidget

from rbm_studio.app.alarm import Alarm
from rbm_studio.app.change_words import ChangeWords, settings_title
from rbm_studio.app.controls import bar_margin
from rbm_studio.app.icons import icon
from rbm_studio.app.standing import Standing, epoch_text, goes_on, idle_words, standing
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.session import Session

_BAR_STEPS = 1000


class TrainingBar(QToolBar):
    """The buttons that run the training, their actions (for the menu too), and the progress.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("training_bar")
        self.setWindowTitle(self.tr("Training"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addWidget(bar_margin())
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._train = self._action("train", self.tr("Train"), "F5", session.train)
        self._pause = self._action("pause", self.tr("Pause"), "F6", session.pause)
        self._step = self._action("step", self.tr("Step"), "F7", session.step)
        self._stop = self._action("stop", self.tr("Stop"), "F8", session.stop)
        self._reset = self._action("reset", self.tr("Reset"), "F9", session.reset)
        self._words = ChangeWords(self)
        self._progress = QProgressBar()
        self._progress.setRange(0, _BAR_STEPS)
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(16 * GRID)
        self._progress.setAccessibleName(self.tr("Progress of the training"))
        self._status = QLabel()
        # Takes what room there is, and asks for none: the bar must not move when the words change.
        self._status.setMinimumWidth(1)
        self._status.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._status.setContentsMargins(GRID, 0, GRID, 0)
        # What comes first is seen first.
        self.widgetForAction(self._train).setObjectName("primary")
        self.addSeparator()
        self.addWidget(self._progress)
        self.addWidget(self._status)
        self._alarm = Alarm(session, self._status, self._reset)
        session.run_state_changed.connect(self.refresh)
        session.images_changed.connect(self.refresh)
        session.task_changed.connect(self.refresh)
        session.settings_changed.connect(self.refresh)
        session.newest_changed.connect(self.refresh)
        session.timeline.changed.connect(self.refresh)
        session.next_run.chosen.connect(self.refresh)
        session.progressed.connect(self._show_progress)
        self.refresh()

    def training_actions(self) -> list[QAction]:
        """Return Train, Pause, Step, Stop and Reset."""
        return [self._train, self._pause, self._step, self._stop, self._reset]

    def _action(self, name: str, text: str, shortcut: str, slot: Callable[[], None]) -> QAction:
        action = QAction(icon(name), text, self)
        action.setShortcut(QKeySequence(shortcut))
        action.triggered.connect(_take_what_is_typed)
        action.triggered.connect(slot)
        self.addAction(action)
        return action

    def refresh(self) -> None:
        """Show which of the actions are possible."""
        state, ready = self._session.run_state, self._session.can_train
        paused, idle = state is RunState.PAUSED, state is RunState.IDLE
        self._train.setEnabled(ready and (idle or paused))
        self._train.setText(self.tr("Resume") if paused else self.tr("Train"))
        self._pause.setEnabled(state is RunState.RUNNING)
        self._step.setEnabled(ready and (idle or paused))
        self._stop.setEnabled(state in (RunState.RUNNING, RunState.PAUSED))
        self._reset.setEnabled(ready and state is not RunState.STOPPING)
        self._explain(paused)
        self._show_progress()

    def _explain(self, paused: bool) -> None:
        tips = {
            self._train: self.tr("Go on with the training") if paused else self._train_tip(),
            self._pause: self.tr("Pause the training; nothing is lost"),
            self._step: self._step_tip(paused),
            self._stop: self.tr("End this run; the model keeps what it has learned"),
            self._reset: self.tr("Start again with new weights; this run's curve stays for comparison"),
        }
        if not self._session.can_train:
            tips |= dict.fromkeys((self._train, self._step, self._reset), self._why_not())
        elif self._session.timeline.past is not None:
            back = self.tr("the window, which shows the past, goes back to now")
            for action in (self._train, self._step, self._reset):
                tips[action] = f"{tips[action]}; {back}"
        for action, tip in tips.items():
            action.setToolTip(f"{tip} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")

    def _train_tip(self) -> str:
        epochs, next_run = self._session.settings.training.epochs, self._session.next_run
        if next_run.begins_new:
            return self.tr("Train a new model for {0} epochs").format(epochs)
        at = standing(self._session)
        if goes_on(self._session):
            return self.tr("Finish the run that was interrupted: {0} epochs").format(epoch_text(at.end - at.now))
        if next_run.is_open:
            words = self.tr("Train the model for {0} more epochs, with other settings:\n{1}")
            return words.format(epochs, self._words.all(next_run.changes))
        return self.tr("Train the model for {0} more epochs").format(epochs)

    def _why_not(self) -> str:
        if self._session.images is None and self._session.task is None:
            return self.tr("There are no images to train on: open some, or download MNIST, under Dataset")
        return self.tr("What is being loaded must be there first")

    def _step_tip(self, paused: bool) -> str:
        if not paused and self._session.next_run.begins_new:
            return self.tr("Train a new model on one batch of images, then pause")
        return self.tr("Train on one batch of images, then pause")

    def _what_comes(self) -> list[str]:
        """Return which of two things Train does, where it would not just go on."""
        next_run = self._session.next_run
        if not next_run.is_open:
            return []
        if next_run.begins_new:
            return [self.tr("next: a new run ({0})").format(settings_title(self._session.settings))]
        return [self.tr("next: goes on with {0}").format(self._words.some(next_run.changes))]

    def _show_progress(self) -> None:
        at = standing(self._session)
        self._progress.setValue(round(_BAR_STEPS * at.done))
        self._status.setText("  ·  ".join(self._status_parts(at)))

    def _status_parts(self, at: Standing) -> list[str]:
        session = self._session
        state, progress = session.run_state, session.progress
        if state is RunState.IDLE:
            return [*idle_words(session), *self._what_comes()]
        parts = [self.tr("Epoch {0} of {1}").format(epoch_text(at.now), epoch_text(at.end))]
        past = session.timeline.past
        if past is not None:
            parts.append(self.tr("unseen: the window shows epoch {0}").format(epoch_text(past.epochs)))
        if state is RunState.PAUSED and progress is not None:
            parts.append(self.tr("paused after batch {0} of {1}").format(progress.batch, progress.batches))
        elif state is RunState.RUNNING and session.images_per_second > 0:
            speed = QLocale().toString(_rounded(session.images_per_second))
            parts.append(self.tr("{0} images/s").format(speed))
            left = session.seconds_left
            if left is not None:
                parts.append(self.tr("{0} left").format(_clock(left)))
        return parts


def _take_what_is_typed() -> None:
    # Neither a tool button nor a key takes the focus from a field, so a number typed there is not yet its value.
    field = QApplication.focusWidget()
    if isinstance(field, QAbstractSpinBox):
        field.interpretText()


def _rounded(speed: float) -> int:
    """Return two leading digits: more would only flicker."""
    digits = max(0, len(str(int(speed))) - 2)
    return round(round(speed, -digits))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

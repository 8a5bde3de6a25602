"""The timeline: looks back along the run, plays it through, and goes on from any of its moments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction, QFontMetrics, QKeySequence
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from rbm_studio.app.controls import bar_margin
from rbm_studio.app.epoch_slider import EpochSlider
from rbm_studio.app.icons import icon
from rbm_studio.app.moments import BUDGET_BYTES, MOST
from rbm_studio.app.numbers import fixed
from rbm_studio.app.standing import epoch_text, standing
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.session import Session

FRAME_MS = 300
"""How long each moment is shown when the run is played through."""
TURN_MS = 100


class TimelineBar(QToolBar):
    """A slider over the epochs of the run, with a tick at each moment that is kept.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._timeline = session, session.timeline
        self.setObjectName("timeline_bar")
        self.setWindowTitle(self.tr("Timeline"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(2 * GRID, 2 * GRID))
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._playing = QTimer(self)
        self._playing.setObjectName("playing")
        self._playing.setInterval(FRAME_MS)
        self._playing.timeout.connect(self._play_on)
        self._play = self._action("play_through", self.tr("Play"), "Ctrl+T", self._toggle_playing)
        self._earlier = self._action("", self.tr("Earlier moment"), "Ctrl+,", self._look_earlier)
        self._later = self._action("", self.tr("Later moment"), "Ctrl+.", self._look_later)
        self._now = self._action("now", self.tr("Now"), "Ctrl+End", self._look_at_now)
        self._continue = self._action("branch", self.tr("Continue from here"), "Ctrl+F5", self._continue_from_here)
        self._play.setCheckable(True)
        self.slider, self._words = EpochSlider(), QLabel()
        self._arrange()
        self._turn = Throttle(TURN_MS, self.refresh, self)
        self.slider.chosen.connect(self._look_at)
        self._timeline.changed.connect(self.refresh)
        session.moments.restarted.connect(self.refresh)
        for changed in (
            session.moments.changed,
            session.newest_changed,
            session.progressed,
            session.run_state_changed,
            session.settings_changed,
        ):
            changed.connect(self._turn.request)
        session.progressed.connect(self._show_words)
        session.ending.connect(self._playing.stop)
        self.refresh()

    def timeline_actions(self) -> list[QAction]:
        """Return what can be done along the timeline, for the menu."""
        return [self._play, self._earlier, self._later, self._now, self._continue]

    def _action(self, name: str, text: str, shortcut: str, slot: Callable[[], None]) -> QAction:
        action = QAction(icon(name), text, self) if name else QAction(text, self)
        action.setShortcut(QKeySequence(shortcut))
        # A lambda: `triggered` carries a flag that the slots do not take.
        action.triggered.connect(lambda: slot())
        return action

    def _arrange(self) -> None:
        name = self.tr("Epoch that is looked at")
        self.slider.setAccessibleName(name)
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.setToolTip(
            self.tr(
                "Look back along this run (Left, Right, Home, End): each tick is a moment that was kept.\n"
                "All panels but the curve and Compare then show the model as it was. Training goes on meanwhile.\n"
                "Up to {0} moments are kept, of at most {1} MB in memory and in the experiment's file; as the run\n"
                "grows, each second one is let go. The first and the newest stay."
            ).format(MOST, BUDGET_BYTES >> 20)
        )
        self._words.setContentsMargins(GRID // 2, 0, GRID // 2, 0)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.addWidget(bar_margin())
        self.addAction(self._play)
        self.addWidget(self.slider)
        self.addWidget(self._words)
        self.addAction(self._now)
        self.addAction(self._continue)
        self.addWidget(bar_margin())
        # They have no button: the slider's keys do the same. Their shortcuts are the window's.
        for action in (self._earlier, self._later):
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        for action in (self._play, self._now, self._continue):
            button = self.widgetForAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(action.text())

    # --- what a person asks for

    def _look_at(self, place: int) -> None:
        self._stop_playing()
        stops = self._timeline.stops()
        self._timeline.look_at(stops[place] if place < len(stops) else None)

    def _look_earlier(self) -> None:
        self._stop_playing()
        self._timeline.look_earlier()

    def _look_later(self) -> None:
        self._stop_playing()
        self._timeline.look_later()

    def _look_at_now(self) -> None:
        self._stop_playing()
        self._timeline.look_at(None)

    def _continue_from_here(self) -> None:
        self._stop_playing()
        self._session.continue_from_here()

    def _toggle_playing(self) -> None:
        if self._playing.isActive():
            self._stop_playing()
            return
        stops = self._timeline.stops()
        if self._timeline.past is None and stops:
            self._timeline.look_at(stops[0])
        self._playing.start()
        self.refresh()

    def _play_on(self) -> None:
        self._timeline.look_later()
        if self._timeline.past is None:
            self._stop_playing()

    def _stop_playing(self) -> None:
        self._playing.stop()
        self.refresh()

    # --- showing

    def refresh(self) -> None:
        """Show where on the run the window looks."""
        timeline = self._timeline
        stops, past = timeline.stops(), timeline.past
        if past is None:
            self._playing.stop()
        self.slider.show_run(
            [moment.epochs for moment in stops], timeline.now, timeline.end, None if past is None else past.epochs
        )
        self.slider.setEnabled(bool(stops))
        self._show_words()
        self._play.setEnabled(bool(stops))
        self._play.setChecked(self._playing.isActive())
        self._earlier.setEnabled(any(past is None or moment.epochs < past.epochs for moment in stops))
        for action in (self._later, self._now, self._continue):
            action.setEnabled(past is not None)
        self._explain()

    def _show_words(self) -> None:
        at, past = standing(self._session), self._timeline.past
        # As the training bar tells it, and at the same time.
        end = epoch_text(at.end)
        words = self.tr("Now: epoch {0} of {1}").format(epoch_text(at.now), end)
        if past is not None:
            words = self.tr("The past: epoch {0} of {1}").format(epoch_text(past.epochs), end)
        self._words.setText(words)
        self.slider.setAccessibleDescription(words)
        # Of one width, so that nothing beside it moves with the words: with decimal places, which most epochs have.
        widest = self.tr("The past: epoch {0} of {1}").format(fixed(at.end, 2), end)
        font = self._words.font()
        font.setBold(True)
        self._words.setMinimumWidth(QFontMetrics(font).horizontalAdvance(widest) + 2 * GRID)
        if self.property("past") is not (past is not None):
            self.setProperty("past", past is not None)
            for widget in (self, self._words, *self.findChildren(QToolButton)):
                widget.style().unpolish(widget)
                widget.style().polish(widget)

    def _explain(self) -> None:
        looks_back, trains = self._timeline.past is not None, self._session.run_state is not RunState.IDLE
        back = self.tr("Look back first: move the slider to a moment of the run")
        begin = self.tr("Begin a new run at this moment: Train then goes on from there; the run so far stays")
        if trains:
            begin = self.tr("End this run, and begin a new one at this moment; the run so far stays")
        tips = {
            self._play: self.tr("Play the run through, moment by moment, to see the filters grow"),
            self._earlier: self.tr("Look at the moment before"),
            self._later: self.tr("Look at the next moment"),
            self._now: self.tr("Back to the newest model") if looks_back else self.tr("The newest model is shown"),
            self._continue: begin if looks_back else back,
        }
        for action, tip in tips.items():
            action.setToolTip(f"{tip} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")

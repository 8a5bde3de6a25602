"""The Runs panel: the runs of this session and of opened experiments in a table, to compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.controls import explain, make_tool
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.icons import icon
from rbm_studio.app.looks import MOST_SHOWN
from rbm_studio.app.numbers import fixed
from rbm_studio.app.run_bounds import ENDS_BYTES
from rbm_studio.app.runs_export import RunsExport
from rbm_studio.app.runs_view import RunsView
from rbm_studio.app.setting_words import SettingWords
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.plain import LONGEST, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.run import Run
    from rbm_studio.app.session import Session

INTERVAL_MS = 300


class RunsPanel(QWidget):
    """A row for each run, and what can be done with the chosen ones.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._book = session, session.book
        # Whether something changed while the table was out of sight, or a name was being typed.
        self._stale = True
        self._view = RunsView(session.book, SettingWords(self))
        self._bring_back = QToolButton()
        self._rename, self._show, self._show_only, self._delete, self._undo = (QToolButton() for _ in range(5))
        self._export = RunsExport(session, self._view.runs)
        self._what = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._set_up_controls()
        self._arrange()
        self._connect()
        self._offer()

    # --- the controls

    def _set_up_controls(self) -> None:
        self._bring_back.setIcon(icon("bring_back"))
        self._bring_back.setText(self.tr("Bring back"))
        for button in (self._bring_back, self._export):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for button, name, text, keys in (
            (self._rename, "pen", self.tr("Rename"), self.tr("F2, or a double click")),
            (self._show, "show", self.tr("Show or hide"), self.tr("Space")),
            (self._show_only, "show_only", self.tr("Show only these"), self.tr("Ctrl+Space")),
            (self._delete, "remove", self.tr("Delete"), self.tr("Delete")),
            (self._undo, "undo", self.tr("Bring back what was deleted"), self.tr("Ctrl+Z")),
        ):
            make_tool(button, name, text, keys)
        self._view.setAccessibleName(self.tr("Runs"))
        self._view.set_placeholder(
            self.tr("Each run stands here as soon as there are images, to be compared with the next.")
        )

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        head.setSpacing(GRID // 2)
        for widget in (self._bring_back, self._rename, self._show, self._show_only, self._delete, self._undo):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self._export)
        self._what.setContentsMargins(GRID, 0, GRID, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, GRID // 2)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self._view, 1)
        column.addWidget(self._what)

    def _connect(self) -> None:
        session, book, view = self._session, self._book, self._view
        self._turn = Throttle(INTERVAL_MS, self.refresh, self, at_once=False)
        for button, act, keys in (
            (self._bring_back, self._bring_back_run, "Ctrl+Return"),
            (self._rename, self._edit_name, ""),
            (self._show, self._toggle_shown, "Space"),
            (self._show_only, self._show_chosen_only, "Ctrl+Space"),
            (self._delete, self._delete_runs, "Delete"),
            (self._undo, self._bring_back_deleted, "Ctrl+Z"),
        ):
            button.clicked.connect(act)
            if keys:
                shortcut = QShortcut(QKeySequence(keys), view)
                # Elsewhere these keys are other panels'.
                shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
                shortcut.activated.connect(act)
        view.chosen_changed.connect(self._offer)
        view.edited.connect(self._turn.request)
        book.changed.connect(self.refresh)
        book.grew.connect(self._turn.request)
        session.progressed.connect(self._turn.request)
        session.run_state_changed.connect(self._offer)
        session.task_changed.connect(self._offer)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show what has come about out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        if self._stale:
            self.refresh()

    # --- showing

    def refresh(self) -> None:
        """Show what there is now, when somebody looks, and no name is being typed."""
        self._stale = self.visibleRegion().isEmpty() or self._view.is_edited
        if not self._stale:
            self._view.refresh()
            self._offer()

    def _offer(self) -> None:
        chosen, present = self._view.chosen(), self._book.present
        earlier = [run for run in chosen if run is not present]
        self._rename.setEnabled(len(chosen) == 1)
        self._show.setEnabled(bool(earlier))
        self._show_only.setEnabled(bool(chosen))
        self._delete.setEnabled(bool(earlier))
        self._undo.setEnabled(self._book.can_bring_back_deleted)
        problem = self._why_not(chosen)
        self._bring_back.setEnabled(not problem)
        tip = problem or self.tr("Show the chosen run's model, and go on from there (Ctrl+Enter)")
        if not problem and chosen[0] not in self._book.own:
            tip = self.tr("Show the model of this run of another experiment, and go on with a copy here (Ctrl+Enter)")
        explain({self._bring_back: (self.tr("Bring back the chosen run"), tip)})
        self._export.setEnabled(bool(self._book.runs))
        self._say()

    def _why_not(self, chosen: list[Run]) -> str:
        """Return why no model can be brought back; "" if it can."""
        if len(chosen) != 1:
            return self.tr("Choose one run to bring its model back")
        if chosen[0] is self._book.present:
            return self.tr("The chosen run is the present one")
        if chosen[0].end is None:
            return self.tr(
                "The model of this run is no longer kept: the oldest go where all have more than {0} MB"
            ).format(ENDS_BYTES >> 20)
        if self._session.run_state is not RunState.IDLE:
            return self.tr("Stop the training first")
        return self.tr("Wait for the images") if self._session.task is not None else ""

    def _say(self) -> None:
        earlier = self._book.runs[:-1]
        shown = sum(run.is_shown for run in earlier)
        held = sum(run.end.size for run in earlier if run.end is not None)
        words = self.tr(
            "{earlier} earlier runs, {shown} of them drawn where they can be compared (at most {most}); "
            "their models hold {held} MB."
        )
        held_words = fixed(held / (1 << 20), 1)
        text = words.format(earlier=len(earlier), shown=shown, most=MOST_SHOWN, held=held_words)
        self._what.set_text(
            text
            if earlier
            else self.tr("The present run is drawn bold. Reset, or a new run after a change, begins the next one."),
            self.tr("The models of the oldest runs are let go where all have more than {0} MB.").format(
                ENDS_BYTES >> 20
            ),
        )

    # --- what is done with the chosen ones

    def _edit_name(self) -> None:
        chosen = self._view.chosen()
        if len(chosen) == 1:
            self._view.rename(chosen[0])

    def _toggle_shown(self) -> None:
        earlier = [run for run in self._view.chosen() if run is not self._book.present]
        self._book.show_runs(earlier, not all(run.is_shown for run in earlier))

    def _show_chosen_only(self) -> None:
        chosen = self._view.chosen()
        if chosen:
            self._book.show_runs([run for run in self._book.runs if run not in chosen], False)
            self._book.show_runs(chosen, True)

    def _delete_runs(self) -> None:
        leaving = [run for run in self._view.chosen() if run is not self._book.present]
        self._book.delete(leaving)
        if len(leaving) == 1:
            self._session.noticed.emit(
                self.tr("Deleted “{0}”. Ctrl+Z in the table brings it back.").format(plain(leaving[0].name, LONGEST))
            )
        elif leaving:
            self._session.noticed.emit(
                self.tr("Deleted {0} runs. Ctrl+Z in the table brings them back.").format(len(leaving))
            )

    def _bring_back_deleted(self) -> None:
        back = self._book.bring_back_deleted()
        if back:
            self._view.choose(back)

    def _bring_back_run(self) -> None:
        chosen = self._view.chosen()
        if not self._why_not(chosen):
            self._session.bring_back(chosen[0])

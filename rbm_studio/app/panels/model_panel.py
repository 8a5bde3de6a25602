"""The Model panel: sizes of the RBM and how it is trained."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLocale, Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from rbm_studio.app.field_form import FieldForm, FieldRow, FoldingGroup, align_labels
from rbm_studio.app.fields import Choice
from rbm_studio.app.preset_field import PresetField
from rbm_studio.app.run_choice import RunChoice
from rbm_studio.app.setting_fields import field_groups
from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task
from rbm_studio.app.theme import GRID
from rbm_studio.core.backend import gpu_problem
from rbm_studio.core.gradients import MAX_UNITS
from rbm_studio.core.presets import settings_for

if TYPE_CHECKING:
    from rbm_studio.app.session import Session


class ModelPanel(QWidget):
    """Sets what the next run does; greyed while one runs.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._preset = PresetField(session)
        first, *others = field_groups()
        self._sizes = FieldForm(first.fields)
        self._groups = [FoldingGroup(group.title, group.fields) for group in others]
        rows = [*self._sizes.rows, *(row for group in self._groups for row in group.rows)]
        self._rows = {row.setting.name: row for row in rows}
        self._remarks: dict[str, str] = {}
        self._fields = QWidget()
        self._page = QScrollArea()
        self._line, self._note = QFrame(), QLabel()
        self._choice = RunChoice(session)
        self._pointed: FieldRow | None = None
        self._scroll, self._reveal_soon = QTimer(self), QTimer(self)
        self._arrange()
        self._connect()
        self._probe = Task("gpu", lambda _task: gpu_problem(), self)
        self._probe.succeeded.connect(self._show_gpu)
        self._probe.start()
        self._show_sizes()
        self.refresh()

    def _arrange(self) -> None:
        advanced = QLabel(self.tr("Advanced"))
        advanced.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        column = QVBoxLayout(self._fields)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID)
        for widget in (self._preset, self._sizes, advanced, *self._groups):
            column.addWidget(widget)
        column.addStretch(1)
        self._groups[0].set_open(True)
        self._page.setWidget(self._fields)
        self._page.setWidgetResizable(True)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        self._page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._line.setFrameStyle(QFrame.Shape.HLine | QFrame.Shadow.Plain)
        self._line.setForegroundRole(QPalette.ColorRole.Mid)
        # Outside the page: what it says must be seen wherever the page was scrolled to.
        self._note.setWordWrap(True)
        self._note.setObjectName("quiet")
        self._note.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._page, 1)
        for widget in (self._line, self._choice, self._note):
            layout.addWidget(widget)
        align_labels(list(self._rows.values()))

    def _connect(self) -> None:
        session = self._session
        for name, row in self._rows.items():
            row.field.entered.connect(partial(self._enter, name))
        session.images_changed.connect(self._show_sizes)
        session.settings_changed.connect(self.refresh)
        session.newest_changed.connect(self._show_note)
        session.next_run.chosen.connect(self._show_note)
        session.run_state_changed.connect(self.refresh)
        session.task_changed.connect(self._show_outcome)
        session.setting_pointed_at.connect(self._point_at)
        # Timers of its own: Qt neither calls nor lets go of a function that waits for a widget that is gone meanwhile.
        for timer, shown in ((self._scroll, self._keep_in_view), (self._reveal_soon, self._reveal)):
            timer.setSingleShot(True)
            timer.setInterval(0)
            timer.timeout.connect(shown)

    def _enter(self, name: str, value: object) -> None:
        if name != "image_shape":
            self._session.change_settings(**{name: value})
        elif not (isinstance(value, tuple) and self._session.set_image_shape(value)):
            self.refresh()

    def _show_outcome(self) -> None:
        if self._session.task is None:
            self.refresh()

    # --- what is shown

    def refresh(self) -> None:
        """Show the session's settings."""
        settings = self._session.settings
        own = settings_for(settings.training.preset)
        changed = settings.changed
        self._preset.refresh([self._rows[name].title for name in self._rows if name in changed])
        for name, row in self._rows.items():
            row.field.show_value(self._shown_value(name))
            reason = self._why_greyed(row)
            lines = [row.setting.tip, self._range(row), reason, self._remarks.get(name, "")]
            if name in changed:
                lines.append(self.tr("The preset has: {0}").format(row.field.words(getattr(own, name))))
            row.set_tip("\n".join(line for line in lines if line))
            row.set_enabled(not reason)
        for group in self._groups:
            group.show_changes(sum(row.setting.name in changed for row in group.rows))
        self._fields.setEnabled(self._session.run_state is RunState.IDLE)
        self._show_note()

    def _range(self, row: FieldRow) -> str:
        words = row.field.range_in_words()
        return self.tr("Range: {0}").format(words) if words else ""

    def _shown_value(self, name: str) -> Any:
        value = self._session.settings.value(name)
        return value and not self._lacks_labels if name == "labels" else value

    @property
    def _lacks_labels(self) -> bool:
        images = self._session.images
        return images is not None and images.class_num == 0

    def _why_greyed(self, row: FieldRow) -> str:
        if row.setting.name == "labels":
            return self.tr("This dataset has no labels of two classes or more.") if self._lacks_labels else ""
        when = row.setting.when
        return "" if when is None or when.holds(self._session.settings.training) else when.words

    def _show_sizes(self) -> None:
        box = self._rows["image_shape"].field
        images = self._session.images
        shapes = images.original.sizes() if images else (self._session.settings.image_shape,)
        if images and images.dataset.image_shape not in shapes:
            shapes = (*shapes, images.dataset.image_shape)
        if isinstance(box, Choice):
            box.offer([((height, width), f"{height}×{width} = {height * width}") for height, width in shapes])
            box.show_value(self._session.settings.image_shape)

    def _show_gpu(self, problem: str) -> None:
        self._probe.join()
        box = self._rows["device"].field
        if problem and isinstance(box, Choice):
            box.explain("gpu", self.tr("GPU (not available)"), problem, possible=False)
            self._remarks["device"] = self.tr("GPU is not available: {0}.").format(problem)
            self.refresh()

    # --- what is said

    def _show_note(self) -> None:
        text = self._note_text()
        self._note.setText(text)
        self._note.setVisible(bool(text))
        is_asked = self._choice.refresh()
        self._line.setVisible(bool(text) or is_asked)
        if is_asked:
            # Later: the page is lower by what came below it, and where a person types must stay in view.
            self._scroll.start()

    def _keep_in_view(self) -> None:
        field = self.focusWidget()
        if field is None or not self._fields.isAncestorOf(field):
            return
        # Not `ensureWidgetVisible`: of a field with the focus that sees to the text cursor alone.
        middle = field.mapTo(self._fields, field.rect().center())
        self._page.ensureVisible(middle.x(), middle.y(), 0, field.height())

    def _note_text(self) -> str:
        session = self._session
        images, settings = session.images, session.settings
        if session.run_state is not RunState.IDLE:
            return self.tr("Stop the training to change these.")
        notes = []
        smaller = min(math.prod(settings.image_shape), settings.hidden_num)
        if settings.training.gradient == "exact" and smaller > MAX_UNITS:
            notes.append(self.tr("The exact gradient needs a layer of at most {0} units.").format(MAX_UNITS))
        if images is not None and settings.training.batch_size > len(images.train):
            notes.append(
                self.tr("There are only {0} training images: each epoch is one batch.").format(
                    QLocale().toString(len(images.train))
                )
            )
        return "\n".join(notes)

    # --- the setting that someone points at

    def _point_at(self, name: str) -> None:
        pointed = self._rows.get(name)
        for row in self._rows.values():
            row.set_marked(row is pointed)
        if pointed is None:
            return
        for group in self._groups:
            if pointed in group.rows:
                group.set_open(True)
        # Later: what was folded away has no place yet.
        self._pointed = pointed
        self._reveal_soon.start()

    def _reveal(self) -> None:
        if self._pointed is not None:
            self._page.ensureWidgetVisible(self._pointed.field, GRID, 4 * GRID)
            self._pointed.field.setFocus(Qt.FocusReason.OtherFocusReason)

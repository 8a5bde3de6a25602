"""The Learning curve panel: the article's KL, live, or any other quantity, over the earlier runs' curves."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app import files
from rbm_studio.app.chain_notice import ChainNotice
from rbm_studio.app.change_words import ChangeWords
from rbm_studio.app.curve_choice import QuantityChoice
from rbm_studio.app.curve_default import default_quantity
from rbm_studio.app.curve_export import save_curves
from rbm_studio.app.curve_pair import CurvePair
from rbm_studio.app.curve_remarks import remark_on_value, remarks, why_all_negative
from rbm_studio.app.curve_words import Data, data_of
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.icons import icon
from rbm_studio.app.measuring import Measuring
from rbm_studio.app.preferences import BESIDE, CURVE, preferences
from rbm_studio.app.quantities import LIVE, in_words, quantities
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.errors import RBMStudioError
from rbm_studio.plain import folded

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QHideEvent, QPaintEvent

    from rbm_studio.app.curve_plot import CurvePlot
    from rbm_studio.app.measurement import Subject
    from rbm_studio.app.quantities import Quantity
    from rbm_studio.app.run import Run
    from rbm_studio.app.session import Session

TURN_MS = 30
_NOTHING = ""


class CurvePanel(QWidget):
    """Plots the session's runs.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    plot : CurvePlot
        The upper plot, and the only one until another quantity is chosen beside it.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._quantities = quantities()
        self._name, self._beside_name = LIVE, _NOTHING
        # Whether a person chose what is shown, or the run for which the program did.
        self._is_chosen = False
        self._default_for: Run | None = None
        self._pair = CurvePair()
        self.plot = self._pair.plot
        self._changes = ChangeWords(self)
        for plot in (self._pair.plot, self._pair.beside):
            plot.marks.ask(self._changes.marks)
        self._choice = QuantityChoice(self._quantities, key="Ctrl+M")
        self._beside = QuantityChoice(self._quantities, (_NOTHING, self.tr("Nothing beside it")), key="Ctrl+Shift+M")
        self._log, self._save = QToolButton(), QToolButton()
        self._what = ElidedLabel(Qt.TextElideMode.ElideRight)
        self._notice = ChainNotice(session)
        self._bar = QProgressBar()
        self._book = session.book
        self._measuring = Measuring(session, self._book, lambda: not self.visibleRegion().isEmpty(), self)
        self._set_up_controls()
        self._arrange()
        self._connect()
        self._recall()
        self._show_run_state()

    # --- the controls

    def _set_up_controls(self) -> None:
        self._choice.setAccessibleName(self.tr("What the curve shows"))
        self._choice.setToolTip(self.tr("What the curve shows (Ctrl+M)"))
        self._beside.setAccessibleName(self.tr("What is shown beside it"))
        self._beside.setToolTip(self.tr("What is shown below, over the same epochs (Ctrl+Shift+M)"))
        self._log.setCheckable(True)
        for button, name, text, key in (
            (self._log, "log_axis", self.tr("Log axis"), "Ctrl+L"),
            (self._save, "export", self.tr("Save…"), "Ctrl+E"),
        ):
            button.setIcon(icon(name))
            button.setText(text)
            button.setShortcut(QKeySequence(key))
        self._save.setToolTip(self.tr("Save all curves as a picture (PNG, SVG) or as numbers (CSV) (Ctrl+E)"))
        self._bar.setRange(0, 100)
        self._bar.setTextVisible(False)
        self._bar.setObjectName("thin")
        self._bar.setFixedHeight(GRID // 2)
        self._bar.setAccessibleName(self.tr("How far the measurement is"))
        self._bar.setToolTip(
            self.tr(
                "The model is being measured. While it trains, each measurement is followed by a rest of four times\n"
                "as long, so that the training hardly notices. Choose another quantity to end it."
            )
        )
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._bar.hide()

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(GRID, GRID // 2, GRID, 0)
        head.setSpacing(GRID // 2)
        head.addWidget(self._choice, 1)
        head.addWidget(self._beside, 1)
        head.addStretch()
        head.addWidget(self._log)
        head.addWidget(self._save)
        foot = QHBoxLayout()
        # As high without the notice as with it: the curve does not jump.
        foot.setContentsMargins(GRID, 0, GRID, GRID // 2)
        foot.setSpacing(GRID)
        foot.addWidget(self._what, 1)
        foot.addWidget(self._notice)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addWidget(self._pair, 1)
        column.addSpacing(GRID // 2)
        column.addLayout(foot)
        for first, second in itertools.pairwise(
            (self._choice, self._beside, self._log, self._save, self._pair, self._notice)
        ):
            self.setTabOrder(first, second)

    def _connect(self) -> None:
        session = self._session
        # Not at once: a model takes new settings after it has told of them.
        self._turn = Throttle(TURN_MS, self._refresh, self, at_once=False)
        self._choice.entered.connect(self.choose)
        self._choice.entered.connect(self._remember)
        self._beside.entered.connect(self.choose_beside)
        self._beside.entered.connect(lambda name: preferences.keep(BESIDE, name))
        self._log.toggled.connect(self._show_log)
        self._log.toggled.connect(self._turn.request)
        self._save.clicked.connect(self.ask_to_save)
        self._measuring.progressed.connect(self._show_progress)
        self._measuring.ended.connect(self._bar.hide)
        self._measuring.ended.connect(self._turn.request)
        self._measuring.ended.connect(self._offer_to_save)
        self._book.begun.connect(self._turn.request)
        self._book.changed.connect(self._offer_to_save)
        self._book.changed.connect(self._turn.request)
        session.images_changed.connect(self._turn.request)
        session.timeline.changed.connect(self._show_past)
        session.curve_grew.connect(self._offer_to_save)
        for changed in (session.run_state_changed, session.newest_changed, session.settings_changed):
            changed.connect(self._show_run_state)
            changed.connect(self._turn.request)

    # --- what is shown

    def _recall(self) -> None:
        """Show what a person chose last; what is no longer known is left out."""
        shown, beside = preferences.value(CURVE), preferences.value(BESIDE)
        self._is_chosen = shown in self._quantities
        self.choose_beside(beside if beside in self._quantities else _NOTHING)
        self.choose(shown if shown in self._quantities else LIVE)

    def _remember(self, name: str) -> None:
        self._is_chosen = True
        preferences.keep(CURVE, name)

    def _show_default(self, subject: Subject | None) -> None:
        """Show what a new model is best judged by, unless a person chose otherwise."""
        present = self._book.present
        is_new = present is not self._default_for or not self._session.is_trained
        if self._is_chosen or present is None or subject is None or not is_new:
            return
        self._default_for = present
        name = default_quantity(subject)
        if name != self._name:
            self.choose(name)

    def choose(self, name: str) -> None:
        """Show a quantity by its name."""
        self._name = name
        self._choice.show_value(name)
        self._show_quantities()

    def choose_beside(self, name: str) -> None:
        """Show a quantity below the other one; nothing with an empty name."""
        self._beside_name = name
        self._beside.show_value(name)
        self._show_quantities()

    def _shown(self) -> list[tuple[CurvePlot, Quantity]]:
        names = [name for name in (self._name, self._beside_name) if name != _NOTHING]
        return [(plot, self._quantities[name]) for plot, name in zip(self._pair.plots(), names, strict=True)]

    def _show_quantities(self) -> None:
        self._pair.show_beside(self._beside_name != _NOTHING)
        for plot, quantity in self._shown():
            heading = quantity.unit if plot is self.plot else None
            plot.set_labels(x=self.tr("Epochs trained"), y=quantity.label, heading=heading)
            plot.set_remark(partial(remark_on_value, quantity.name))
            plot.expect(self._measuring.expected(quantity.name))
            plot.show_history(self._book.history(quantity.name), dots=quantity.name != LIVE)
        self._show_log()
        self._measuring.choose([quantity.name for _, quantity in self._shown()])
        self._refresh()

    def _show_log(self) -> None:
        for plot, quantity in self._shown():
            plot.set_log(self._log.isChecked() and quantity.log)
        possible = any(quantity.log for _, quantity in self._shown())
        self._log.setEnabled(possible)
        self._log.setToolTip(
            self.tr("Show the values on a logarithmic axis (Ctrl+L)")
            if possible
            else self.tr("A logarithmic axis (Ctrl+L): these values can be negative, or have no zero to come near")
        )

    def _refresh(self) -> None:
        """Say what is shown, and what could be; measure it if it is time."""
        subject = self._measuring.subject()
        self._show_default(subject)
        problems = {name: self._problem(name, subject) for name in self._quantities}
        self._choice.show_problems(problems)
        self._beside.show_problems(problems)
        self._measuring.consider()
        for plot, quantity in self._shown():
            plot.expect(self._measuring.expected(quantity.name))
            under_way = self._measuring.is_measuring(quantity.name)
            plot.set_empty_words(problems[quantity.name] or (self.tr("Measuring…") if under_way else ""))
        self._say([self._data(plot, quantity, subject) for plot, quantity in self._shown()])

    def _data(self, plot: CurvePlot, quantity: Quantity, subject: Subject | None) -> Data | None:
        images = self._session.images
        if subject is None or images is None:
            return None
        return data_of(quantity.name, subject, images, plot.history.current)

    def _problem(self, name: str, subject: Subject | None) -> str:
        if name == LIVE:
            return ""
        if subject is None:
            return self.tr("There are no images of the model's size.")
        return in_words(subject.problem(name))

    def _say(self, told: list[Data | None]) -> None:
        data = [each for each in told if each is not None]
        line = ""
        if data:
            both = self.tr("{0} above, {1} below").format(data[0].shown, data[-1].shown)
            shown = both if data[0].shown != data[-1].shown else data[0].shown
            line = f"{shown}; {data[-1].images}."
        if len(told) == 1:
            line = f"{line} {self._quantities[self._name].note}".strip()
        line = line[:1].upper() + line[1:]
        before = [words for plot, quantity in self._shown() for words in remarks(quantity.name, plot)]
        self._what.set_text(" ".join((*dict.fromkeys(before), line)).strip())
        tips = [self._tip(plot, quantity, each) for (plot, quantity), each in zip(self._shown(), told, strict=True)]
        self._what.setToolTip("\n\n".join(tips))

    def _tip(self, plot: CurvePlot, quantity: Quantity, data: Data | None) -> str:
        said = remarks(quantity.name, plot)
        if (why := why_all_negative(quantity.name, plot)) and not any(why[1:] in each for each in said):
            said.append(f"{why[:1].upper()}{why[1:]}.")
        words = f"{data.shown}; {data.images}" if data is not None else ""
        lines = [quantity.note, words, *said]
        return folded("\n".join((quantity.label, *(line for line in lines if line))))

    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setMaximum(total)
        self._bar.setValue(done)
        self._bar.show()

    def _offer_to_save(self) -> None:
        self._save.setEnabled(any(plot.history.measured for plot in self._pair.plots()))

    def _show_run_state(self) -> None:
        self._offer_to_save()
        epochs = self._session.timeline.end
        # Both plots are to have the same epochs, whatever one of them holds.
        live = self._book.history(LIVE).current
        if live is not None and len(live):
            epochs = max(epochs, float(live.values("epoch")[-1]))
        for plot in (self._pair.plot, self._pair.beside):
            plot.set_expected_epochs(epochs)

    def _show_past(self) -> None:
        past = self._session.timeline.past
        for plot in (self._pair.plot, self._pair.beside):
            plot.mark_epoch(None if past is None else past.epochs)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Measure what has come about out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        self._measuring.consider()

    def hideEvent(self, event: QHideEvent) -> None:
        """End the measurement that nobody will see."""
        super().hideEvent(event)
        self._measuring.cancel()

    # --- files

    def ask_to_save(self) -> None:
        """Ask for a file, and save the curves there."""
        pattern = self.tr("Picture (*.png);;Drawing (*.svg);;Numbers (*.csv)")
        files.ask_to_save(self, self.tr("Save the learning curve"), pattern, "learning-curve.png", self.save)

    def save(self, path: Path) -> None:
        """Save the curves in the form that the file's suffix names."""
        try:
            save_curves(self._pair.plots(), path)
        except RBMStudioError as error:
            self._session.failed.emit(error)
        else:
            self._session.noticed.emit(self.tr("Saved {0}").format(path.name))

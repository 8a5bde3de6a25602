"""The page on which two models, or two moments of one run, are compared filter by filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from rbm_studio.app import files
from rbm_studio.app.background import Background
from rbm_studio.app.comparison_view import ComparisonView
from rbm_studio.app.icons import icon
from rbm_studio.app.messages import in_words
from rbm_studio.app.moment_field import Live, MomentField
from rbm_studio.app.moments import Moment
from rbm_studio.app.pair_pictures import PairPictures, picture_pairs
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.model_file import SUFFIX, load_model

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QPaintEvent

    from rbm_studio.app.moments import Moments
    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.session import Session

INTERVAL_MS = 1000
TURN_MS = 30
MOST_FILES = 4
"""So many files are offered; an older one gives way."""


@dataclass(frozen=True, eq=False)
class _Result:
    """Pictures, and which question they answer."""

    question: int
    pictures: PairPictures | RBMStudioError


class FiltersPage(QWidget):
    """Compares the filters of two sides, in the background while the page is in view.

    Parameters
    ----------
    session : Session
    moments : Moments
    parent : QWidget, optional

    Attributes
    ----------
    left, right : MomentField
        What is compared.
    view : ComparisonView
    options : QWidget
        How it is compared: for the panel to place.
    """

    def __init__(self, session: Session, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._files: list[Moment] = []
        # Which question the next answer belongs to: what was asked before comes too late.
        self._question = 0
        self._stale = True
        self._background = Background("Comparing models", INTERVAL_MS, self)
        self.left = MomentField(session, moments, Live.START)
        self.right = MomentField(session, moments, Live.NOW)
        self._order = QComboBox()
        self._pairing = QComboBox()
        self._common = QCheckBox(self.tr("&Common scale"))
        self._file = QPushButton(icon("open"), self.tr("Model file…"))
        self.options = QWidget()
        heading = QLabel(self.tr("Right − left"))
        heading.setObjectName("heading")
        self.view = ComparisonView((self.left, self.right, heading))
        self._arrange()
        self._background.done.connect(self._show)
        self._background.failed.connect(session.failed)
        self.view.hovered.connect(self._point)
        self.view.clicked.connect(self._select)
        for field in (self.left, self.right):
            field.chosen.connect(self._ask_anew)
        for box in (self._order, self._pairing):
            box.activated.connect(self._ask_anew)
        self._common.toggled.connect(self.view.set_common_scale)
        self._file.clicked.connect(self._ask_for_file)
        self._turn = Throttle(TURN_MS, self._follow, self, at_once=False)
        session.newest_changed.connect(self._turn.request)
        moments.restarted.connect(self._ask_anew)
        session.selection.hovered_changed.connect(self._show_hovered)
        session.selection.units_changed.connect(self._show_selected)
        session.ending.connect(self._background.shut_down)

    def _arrange(self) -> None:
        for field, name in ((self.left, self.tr("Left model")), (self.right, self.tr("Right model"))):
            field.setAccessibleName(name)
            field.setToolTip(self.tr("{0}: a moment of the present run, the model before it, or a file").format(name))
        self._fill(
            self._order,
            {
                "left": self.tr("Order of the left"),
                "changed": self.tr("Most changed first"),
                "alike": self.tr("Most alike first"),
            },
            self.tr("Order of the pairs"),
            self.tr("Order of the pairs: as the left model numbers its units, or by their similarity"),
        )
        self._fill(
            self._pairing,
            {"similarity": self.tr("Pair by likeness"), "number": self.tr("Pair by number")},
            self.tr("How filters are paired"),
            self.tr(
                "By likeness: so that the sum of the similarities (cosines) is the greatest.\n"
                "By number: each hidden unit with that of the same number; of use within one run."
            ),
        )
        self._common.setToolTip(
            self.tr("Colour both models' weights in one scale; else each in its own, which its colour bar tells")
        )
        self._file.setToolTip(self.tr("Compare with a model file: put it on the right"))
        self._file.setAccessibleName(self.tr("Compare with a model file"))
        column = QVBoxLayout(self.options)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        for widget in (self._order, self._pairing, self._file, self._common):
            column.addWidget(widget)
        column.addStretch()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.view)
        QWidget.setTabOrder(self.left, self.right)

    @staticmethod
    def _fill(box: QComboBox, words: dict[str, str], name: str, tip: str) -> None:
        for key, text in words.items():
            box.addItem(text, key)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Compare what has come about out of sight."""
        super().paintEvent(event)
        if self._stale:
            self._ask(urgent=True)

    def pictures(self) -> list[Picture]:
        """Return what can be copied or saved."""
        return self.view.prints(self.left.currentText(), self.right.currentText())

    # --- comparing

    def _ask_anew(self) -> None:
        """Ask another question: what is under way answers the one before."""
        self._question += 1
        self._background.forget()
        self._ask(urgent=True)

    def _follow(self) -> None:
        """Compare again when one of the sides is the model of now."""
        for field in (self.left, self.right):
            field.tell_epoch()
        if Live.NOW in (self.left.choice, self.right.choice):
            self._ask(urgent=False)

    def _ask(self, *, urgent: bool) -> None:
        left, right = self.left.moment(), self.right.moment()
        self._stale = self.visibleRegion().isEmpty()
        if left is None or right is None:
            self._refuse(self.tr("Models are compared here as soon as there are images."))
        elif left.image_shape != right.image_shape:
            self._refuse(self._other_sizes(left, right))
        elif not self._stale:
            question, before = self._question, self.view.pictures()
            pairing, order = self._pairing.currentData(), self._order.currentData()

            def work() -> _Result:
                try:
                    return _Result(question, picture_pairs(left, right, pairing, order, before))
                except RBMStudioError as error:
                    return _Result(question, error)

            self._background.request(work, urgent=urgent)

    def _other_sizes(self, left: Moment, right: Moment) -> str:
        return self.tr(
            "The left model sees images of {0}×{1} and the right one of {2}×{3}: their filters cannot be compared. "
            "Choose two models of one image size."
        ).format(*left.image_shape, *right.image_shape)

    def _refuse(self, words: str) -> None:
        self._background.forget()
        self.view.clear(words)

    def _show(self, result: _Result) -> None:
        if result.question != self._question:
            return
        if isinstance(result.pictures, RBMStudioError):
            self.view.clear(" ".join(in_words(result.pictures)))
            return
        self.view.show_pictures(result.pictures)
        self.left.tell_epoch(result.pictures.left.epochs)
        self.right.tell_epoch(result.pictures.right.epochs)
        self._show_selected()

    # --- files

    def _ask_for_file(self) -> None:
        kinds = self.tr("RBM Studio models (*{0})").format(SUFFIX)
        files.ask_to_open(self, self.tr("Compare with a model file"), kinds, self.compare_with)

    def compare_with(self, path: Path) -> None:
        """Put a file's model on the right; on any fault all stays as it is, and the session's `failed` tells."""
        try:
            moment = self._read(path)
        except RBMStudioError as error:
            self._session.failed.emit(error)
            return
        self._files = [*(file for file in self._files if file.path != moment.path), moment][-MOST_FILES:]
        for field in (self.left, self.right):
            field.set_files(self._files)
        self.right.choose(moment)
        self._ask_anew()

    def _read(self, path: Path) -> Moment:
        saved = load_model(path)
        pixels, present = saved.parameters.visible_num, self._session.newest
        shape = saved.image_shape
        if shape is None and present is not None and pixels == present.parameters.visible_num:
            shape = present.image_shape
        if shape is None:
            side = round(pixels**0.5)
            shape = (side, side) if side * side == pixels else (1, pixels)
        record = saved.history[-1] if saved.history else None
        return Moment(saved.parameters, shape, record.epoch if record else 0.0, record, path)

    # --- pointing

    def _units(self) -> np.ndarray[tuple[int], np.dtype[np.intp]] | None:
        """Return the present model's unit of each pair; None where neither side is of the present model."""
        pictures = self.view.pictures()
        if pictures is None:
            return None
        sides = ((self.left, pictures.pairs.left), (self.right, pictures.pairs.right))
        own = [
            (field.choice is not Live.NOW, index) for index, (field, _) in enumerate(sides) if field.is_of_present_model
        ]
        # Now comes first: a filter may have another number than at the start.
        return sides[min(own)[1]][1] if own else None

    def _unit_of(self, pair: int) -> int:
        units = self._units()
        return int(units[pair]) if units is not None and 0 <= pair < len(units) else -1

    def _point(self, pair: int) -> None:
        self.view.light(pair)
        self._session.selection.hover(self._unit_of(pair))

    def _select(self, pair: int) -> None:
        unit = self._unit_of(pair)
        if unit >= 0:
            self._session.selection.toggle_unit(unit)

    def _show_hovered(self) -> None:
        hovered, units = self._session.selection.hovered, self._units()
        # Of a pair without a unit of the present model the selection does not know.
        if units is not None and self._unit_of(self.view.lit()) != hovered:
            found = np.flatnonzero(units == hovered).tolist() if hovered >= 0 else []
            self.view.light(found[0] if found else -1)

    def _show_selected(self) -> None:
        units = self._units()
        pairs = () if units is None else np.flatnonzero(np.isin(units, self._session.selection.units)).tolist()
        self.view.mark(tuple(pairs))

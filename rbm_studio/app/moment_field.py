"""The field in which one chooses a side of a comparison."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from rbm_studio.app.moments import Moment
from rbm_studio.app.standing import epoch_text
from rbm_studio.plain import LONGEST, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rbm_studio.app.moments import Moments
    from rbm_studio.app.session import Session

_LEAST_LETTERS = 12


class Live(Enum):
    """What is another moment's parameters from time to time."""

    START = auto()
    NOW = auto()
    BEFORE = auto()


Choice: TypeAlias = Live | Moment


class MomentField(QComboBox):
    """Chooses among the moments of the present model, the model before, and files.

    Parameters
    ----------
    session : Session
    moments : Moments
    default : Live
        What is chosen at first, and when what was chosen is gone.
    parent : QWidget, optional

    Attributes
    ----------
    chosen : Signal()
        A person has chosen something else.
    """

    chosen = Signal()

    def __init__(self, session: Session, moments: Moments, default: Live, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._moments = moments
        self._default = default
        self._choice: Choice = default
        self._choices: list[Choice] = []
        self._files: tuple[Moment, ...] = ()
        self._is_open = False
        self._told: float | None = None
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_LEAST_LETTERS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.activated.connect(self._choose)
        moments.restarted.connect(self._begin_again)
        moments.changed.connect(self._fill)
        session.run_state_changed.connect(self._fill)
        self._fill()

    @property
    def choice(self) -> Choice:
        """What is chosen."""
        return self._choice

    @property
    def is_of_present_model(self) -> bool:
        """Whether the units of what is chosen are those of the session's model, under the same numbers."""
        choice = self._choice
        return choice.path is None if isinstance(choice, Moment) else choice is not Live.BEFORE

    def moment(self) -> Moment | None:
        """Return what is chosen as it is now; None before there is a model."""
        if isinstance(self._choice, Moment):
            return self._choice
        if self._choice is Live.NOW:
            return Moment.of(self._session.newest) if self._session.newest is not None else None
        return self._moments.start if self._choice is Live.START else self._moments.before

    def choose(self, choice: Choice) -> None:
        """Choose something."""
        self._choice, self._told = choice, None
        self._fill()

    def set_files(self, files: Sequence[Moment]) -> None:
        """Offer these files' models too; a chosen one that has been read anew is taken anew."""
        self._files = tuple(files)
        choice = self._choice
        if isinstance(choice, Moment) and choice.path is not None and choice not in self._files:
            self._choice = next((file for file in files if file.path == choice.path), self._default)
        self._fill()

    def tell_epoch(self, epochs: float | None = None) -> None:
        """Say in the list which epoch is now; where now is chosen, it is the one that is shown that is told."""
        self._told = epochs if epochs is not None else self._told
        place, words = self._choices.index(Live.NOW), self.words(Live.NOW)
        if self.itemText(place) != words:
            self.setItemText(place, words)

    def showPopup(self) -> None:
        """Show the list, which stays as it is as long as it is open."""
        self._is_open = True
        super().showPopup()

    def hidePopup(self) -> None:
        """Hide the list, and bring it up to date."""
        super().hidePopup()
        self._is_open = False
        self._fill()

    def _begin_again(self) -> None:
        """Let go of what belonged to the model before."""
        self._told = None
        gone = isinstance(self._choice, Moment) and self._choice.path is None
        if gone or (self._choice is Live.BEFORE and self._moments.before is None):
            self._choice = self._default

    def _choose(self, index: int) -> None:
        choice = self._choices[index]
        if choice is not self._choice:
            self._choice, self._told = choice, None
            self.chosen.emit()

    def _fill(self) -> None:
        if self._is_open:
            return
        own = list(self._moments.kept[1:])
        # What is chosen stays, also when the moments have been thinned.
        if isinstance(self._choice, Moment) and self._choice.path is None and self._choice not in own:
            own = sorted([*own, self._choice], key=lambda moment: moment.epochs)
        before = [Live.BEFORE] if self._moments.before is not None else []
        self._choices = [Live.START, *own, Live.NOW, *before, *self._files]
        # The present item must not be another for the time of filling: a screen reader would tell of it.
        with QSignalBlocker(self):
            self.clear()
            self.addItems([self.words(choice) for choice in self._choices])
            self.setCurrentIndex(self._choices.index(self._choice))

    def words(self, choice: Choice) -> str:
        """Return what a choice is called."""
        if isinstance(choice, Moment):
            return self._file_words(choice.path) if choice.path is not None else self._epoch_words(choice)
        start, before, model = self._moments.start, self._moments.before, self._session.newest
        if choice is Live.NOW:
            newest = model.epochs_trained if model is not None else 0.0
            shown = self._told if self._choice is Live.NOW and self._told is not None else newest
            return self.tr("Now (epoch {0})").format(epoch_text(shown))
        if choice is Live.BEFORE:
            return self.tr("Model before (epoch {0})").format(epoch_text(before.epochs) if before is not None else "–")
        if start is None or start.epochs == 0:
            return self.tr("Start (untrained)")
        return self.tr("Start (epoch {0})").format(epoch_text(start.epochs))

    def _epoch_words(self, moment: Moment) -> str:
        return self.tr("Epoch {0}").format(epoch_text(moment.epochs))

    def _file_words(self, path: Path) -> str:
        namesakes = [file for file in self._files if file.path is not None and file.path.name == path.name]
        return plain(f"{path.parent.name}/{path.name}" if len(namesakes) > 1 else path.name, LONGEST)

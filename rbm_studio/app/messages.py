"""Errors in the user's words and language, one message at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio.app.frames import place_of
from rbm_studio.app.throttle import Throttle
from rbm_studio.core.divergence import TrainingDivergedError
from rbm_studio.errors import RBMStudioError
from rbm_studio.plain import breakable

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_WAITING = 5
QUIET_FOR_S = 20.0
"""A fault that nobody foresaw and that comes again sooner than that is only mentioned."""
_AGAIN_MS = 3000


def in_words(error: Exception) -> tuple[str, str]:
    """Return what is wrong, and what to do about it."""
    if isinstance(error, RBMStudioError):
        return _translated(error.problem, error.fields), _translated(error.remedy, error.fields)
    if isinstance(error, MemoryError):
        return (
            _words("The computer's memory is full."),
            _words("Close other programs, or take fewer hidden units, smaller batches or fewer images."),
        )
    return (
        _words("Something went wrong that RBM Studio did not foresee ({0}).").format(type(error).__name__),
        _words(
            "What was there before is unchanged; save your work. The report says what happened, for whoever can mend "
            "it: press Details, or later Help, Copy report."
        ),
    )


def is_foreseen(error: Exception) -> bool:
    """Whether an error is one that a person can do something about."""
    return isinstance(error, RBMStudioError | MemoryError)


def _translated(template: str, fields: dict[str, object]) -> str:
    words = _words(template) if template else ""
    if not fields:
        return words
    return words.format(**{key: _one_in_words(value) for key, value in fields.items()})


def _words(text: str) -> str:
    return QCoreApplication.translate("errors", text)


def _one_in_words(value: object) -> object:
    # A message may hold another one, for instance the reason of each mirror that failed.
    return " ".join(part for part in in_words(value) if part) if isinstance(value, RBMStudioError) else value


class Messages(QObject):
    """Shows errors over a window, which stays usable behind them: one at a time, and the same not twice.

    Parameters
    ----------
    window : QWidget
    say : callable
        Says a short text in passing: that an unforeseen fault, which was told already, came again.
    show_details : callable
        Shows the report of an unforeseen fault.
    show_setting : callable
        Shows the setting of a name.
    """

    def __init__(
        self,
        window: QWidget,
        say: Callable[[str], object],
        show_details: Callable[[Exception], object],
        show_setting: Callable[[str], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._show_details, self._show_setting = show_details, show_setting
        self._waiting: list[Exception] = []
        self._shown: Exception | None = None
        self._last_seen: dict[tuple[object, ...], float] = {}
        self._say = say
        self._again = Throttle(_AGAIN_MS, self._mention, self)
        self._words_again = ""

    def show(self, error: Exception) -> None:
        """Show an error now, or after those that are to be read first."""
        if not isinstance(error, RBMStudioError) and self._is_repeated(error):
            self._words_again = self.tr("The same fault again: {0}").format(in_words(error)[0])
            self._again.request()
            return
        open_or_waiting = [in_words(each) for each in (self._shown, *self._waiting) if each is not None]
        if in_words(error) not in open_or_waiting and len(self._waiting) < MOST_WAITING:
            self._waiting.append(error)
            self._show_next()

    def _mention(self) -> None:
        self._say(self._words_again)

    def _is_repeated(self, error: Exception) -> bool:
        """Whether a fault comes again and again, as one in painting does, and not once more when something is tried."""
        place, now = place_of(error), time.monotonic()
        last = self._last_seen.get(place)
        self._last_seen[place] = now
        return last is not None and now - last < QUIET_FOR_S

    def _show_next(self) -> None:
        if self._shown is None and self._waiting:
            self._shown = self._waiting.pop(0)
            self._open(self._shown)

    def _open(self, error: Exception) -> None:
        problem, remedy = map(breakable, in_words(error))
        box = QMessageBox(QMessageBox.Icon.Warning, "RBM Studio", problem, QMessageBox.StandardButton.Ok, self._window)
        box.setInformativeText(remedy)
        box.setDefaultButton(QMessageBox.StandardButton.Ok)
        box.setEscapeButton(QMessageBox.StandardButton.Ok)
        text, offered = self._offer(error)
        more = box.addButton(text, QMessageBox.ButtonRole.ActionRole) if text else None
        box.setWindowModality(Qt.WindowModality.WindowModal)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def close() -> None:
            self._shown = None
            if more is not None and box.clickedButton() is more:
                offered()
            self._show_next()

        box.finished.connect(close)
        box.open()

    def _offer(self, error: Exception) -> tuple[str, Callable[[], object]]:
        """Return what a second button says and does; no words for none."""
        if not is_foreseen(error):
            return self.tr("&Details…"), lambda: self._show_details(error)
        setting = error.setting if isinstance(error, TrainingDivergedError) else None
        if setting is not None:
            return self.tr("&Show the setting"), lambda: self._show_setting(setting)
        return "", lambda: None

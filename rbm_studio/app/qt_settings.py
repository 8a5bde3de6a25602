"""What Qt reads without being asked: settings of its own and of the desktop, which must run nothing either.

The file dialog, the icon themes and KDE's colours are read with QSettings, and a drop on a list with QVariant; whatever
spelling leads there, PySide unpickles an object of Python's that it meets. Nothing of ours is kept so.
"""

from __future__ import annotations

import logging
import os
import pickle

from PySide6.QtCore import QByteArray, QDataStream, QIODevice, QSettings

_log = logging.getLogger(__name__)


def make_qt_settings_harmless() -> bool:
    """Let PySide unpickle nothing from now on, and Qt's file dialog read no file; before the application is made.

    Returns
    -------
    bool
        Whether that is so; an error is logged otherwise.
    """
    # Where Qt keeps them as files: of a pipe in the place of its own it would wait for ever.
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, os.devnull)
    pickled = QByteArray()
    QDataStream(pickled, QIODevice.OpenModeFlag.WriteOnly).writeQVariant(object())
    # PySide asks for the function once, the first time that it meets an object, and keeps it.
    loads = pickle.loads
    setattr(pickle, "loads", _refuse)  # noqa: B010
    try:
        QDataStream(pickled).readQVariant()
    finally:
        setattr(pickle, "loads", loads)  # noqa: B010
    is_harmless = QDataStream(pickled).readQVariant() is None
    if not is_harmless:
        _log.error("Objects in Qt's own settings are not refused")
    return is_harmless


def _refuse(*_: object) -> None:
    _log.warning("An object in settings of Qt's, or in what was dropped, was not looked at")

"""What whoever is to mend a fault needs to know: versions, settings, and the end of the log, without names of files."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
from typing import TYPE_CHECKING

import numpy as np
import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from threadpoolctl import ThreadpoolController

from rbm_studio import __version__
from rbm_studio.app.log import last_lines
from rbm_studio.app.log_lines import traceback_of
from rbm_studio.app.preferences import APPEARANCE, preferences
from rbm_studio.app.private_names import lines_with_brackets, without_names
from rbm_studio.data import mnist, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbm_studio.app.session import Session

_CUPY = ("cupy", "cupy-cuda11x", "cupy-cuda12x", "cupy-cuda13x")
LOG_LINES = 200
_KNOWN_SETS = {mnist.DIGEST: "MNIST", sample.DIGEST: sample.NAME}


def report(session: Session, error: BaseException | None = None) -> str:
    """Return the report as plain text, with the fault that it is about first, if there is one."""
    parts = []
    if error is not None:
        parts.append(("What went wrong", traceback_of(error).split("\n")))
    parts += [
        ("Versions", versions()),
        ("Screens", screens()),
        ("State", list(_state(session))),
        (f"The last {LOG_LINES} lines of the log", lines_with_brackets(last_lines(LOG_LINES))),
    ]
    text = "\n\n".join("\n".join([title, *(f"    {line}" for line in lines)]) for title, lines in parts)
    return without_names(text) + "\n"


def versions() -> list[str]:
    """Return what the program and what it stands on are."""
    return [
        f"RBM Studio {__version__}",
        f"Python {platform.python_version()} ({platform.python_implementation()}), {platform.platform()}, "
        f"{platform.machine()}",
        f"Qt {qVersion()}, PySide {PySide6.__version__}, {QGuiApplication.platformName()}",
        f"NumPy {np.__version__}; {'; '.join(_blas()) or 'its BLAS is not known'}",
        f"pyqtgraph {_version('pyqtgraph')}",
        f"CuPy {', '.join(_cupy()) or 'is not installed'}",
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "of an unknown version"


def _blas() -> Iterator[str]:
    for library in ThreadpoolController().select(user_api="blas").info():
        yield f"{library.get('internal_api')} {library.get('version')}, {library.get('num_threads')} threads"


def _cupy() -> list[str]:
    # Not imported for this: that takes seconds. Nor looked for among all packages: this is done at each start.
    found = []
    for package in _CUPY:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{package} {importlib.metadata.version(package)}")
    return found


def screens() -> list[str]:
    """Return the size and the scale of each screen."""
    return [
        f"{at.width()}×{at.height()} at ({at.x()}, {at.y()}), scale {screen.devicePixelRatio():g}, "
        f"{screen.logicalDotsPerInch():.0f} dots per inch"
        for screen in QGuiApplication.screens()
        for at in [screen.geometry()]
    ]


def _state(session: Session) -> Iterator[str]:
    settings, images, model = session.settings, session.images, session.model
    yield f"Training: {session.run_state.name.lower()}, {session.epochs_trained:g} epochs behind it"
    yield f"Device: {settings.device}"
    yield from (f"{name}: {value}" for name, value in settings.training.as_dict().items())
    if model is not None:
        p = model.parameters
        yield f"Model: {p.visible_num} visible, {p.hidden_num} hidden, {p.label_num} label units"
        yield f"Its parameters are {'' if p.is_finite else 'NOT '}finite"
    if images is not None:
        height, width = images.dataset.image_shape
        name = _KNOWN_SETS.get(images.original.digest, "<name>")
        yield (
            f"Dataset: {name}, {len(images.train)} + {len(images.test)} images of {height}×{width}, "
            f"{images.class_num} classes"
        )
    # Of what the user chose; the rest is names of files and places of windows.
    yield f"{APPEARANCE.name}: {preferences.value(APPEARANCE)}"

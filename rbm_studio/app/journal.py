"""What the log says of a session: runs with their settings, data, files, and what a person was told of faults."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app.private_names import Own
from rbm_studio.app.state import RunState

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.app.session import Session

_log = logging.getLogger(__name__)


class Journal(QObject):
    """Writes what a session does to the log.

    Parameters
    ----------
    session : Session
        Also its parent.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._file: tuple[Path | None, bool] = (None, False)
        self._run_state = session.run_state
        session.failed.connect(self._note_failure)
        session.device_failed.connect(self._note_failure)
        session.run_state_changed.connect(self._note_run)
        session.images_changed.connect(self._note_images)
        session.experiment.changed.connect(self._note_file)

    def _note_failure(self, error: Exception) -> None:
        _log.info("Told: %s", error)

    def _note_run(self) -> None:
        session = self._session
        before, self._run_state = self._run_state, session.run_state
        if before is RunState.IDLE:
            model = session.model
            units = (
                (model.parameters.visible_num, model.parameters.hidden_num, model.parameters.label_num) if model else ()
            )
            device, training = Own(session.settings.device), Own(session.settings.training)
            _log.info("Training begins: units %s, %s, %s", units, device, training)
        elif self._run_state is RunState.IDLE:
            _log.info("Training ends: %g epochs behind the model", session.epochs_trained)

    def _note_images(self) -> None:
        images = self._session.images
        if images is not None:
            train, test, shape = len(images.train), len(images.test), images.dataset.image_shape
            _log.info("Images: %r, %d + %d of %s", images.dataset.name, train, test, shape)

    def _note_file(self) -> None:
        experiment = self._session.experiment
        now, before = (experiment.path, experiment.is_modified), self._file
        self._file = now
        if now != before and experiment.path is not None and not experiment.is_modified:
            _log.info("Opened or saved %r", experiment.path.name)

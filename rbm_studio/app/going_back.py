"""Going on from earlier: from the end of another run, or from a moment of the present one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from rbm_studio.app.change_words import run_name
from rbm_studio.app.stages import stages_until
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.state import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.experiment import Owner
    from rbm_studio.app.moments import Moment
    from rbm_studio.app.newest_model import NewestModel
    from rbm_studio.app.run import Run
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images


class GoingBack(QObject):
    """Puts what a model was before in the place of the newest, with images of its size where there can be any.

    At once, or a little later where the images must be resampled for it.

    Parameters
    ----------
    session : Session
    newest : NewestModel
    """

    def __init__(self, session: Session, newest: NewestModel) -> None:
        super().__init__(session)
        self._session, self._newest = session, newest

    def bring_back(self, run: Run) -> None:
        """Show the model of an earlier run, and go on with that run; nothing happens if it is no longer kept."""
        if run.end is not None:
            owner = self._session.experiment.owner
            self._with_images(run.end.image_shape, lambda images: self._show_again(run, owner, images))

    def branch(self, past: Moment, model: Model) -> None:
        """Begin another run at the moment that is looked at, with the model as it was then."""
        self._with_images(model.image_shape, lambda images: self._branch(past, model, images))

    def _with_images(self, shape: tuple[int, int], show: Callable[[Images | None], None]) -> None:
        images = self._session.images
        if images is not None and shape != images.dataset.image_shape and images.can_have(shape):
            self._session.resample(images.original, shape, show)
        else:
            show(images)

    def _show_again(self, run: Run, owner: Owner, images: Images | None) -> None:
        session, end = self._session, run.end
        # Meanwhile it may have gone, or another document been opened.
        if end is None or run not in session.book.runs or owner is not session.experiment.owner:
            return
        training, history = run.settings.training, run.history
        model = Model(end.parameters, end.image_shape, training, history, epochs_trained=end.epochs)
        model = replace(model, origin=run.origin, trainings=run.trainings, provenance=run.provenance)
        settings = session.settings_of(model)
        if images is not None and images is not session.images:
            settings = replace(settings, image_shape=model.image_shape)
        session.experiment.touch()
        session.adopt(settings, images, model, end.state, run.data, run=run)

    def _branch(self, past: Moment, model: Model, images: Images | None) -> None:
        session, newest = self._session, self._newest
        if session.timeline.past is not past:
            # Meanwhile the user went elsewhere.
            return
        moments = [*(moment for moment in session.moments.kept if moment.epochs < past.epochs), past]
        former, epoch = session.book.present, epoch_text(past.epochs)
        units, pixel = session.selection.units, session.selection.pixel
        session.take(replace(session.settings_of(model), image_shape=model.image_shape), images)
        stages = stages_until(former.stages, past.epochs) if former is not None else ()
        trained = [stage.settings.training for stage in stages] or [model.training]
        title = self.tr("{0}, from epoch {1}").format(run_name(model.parameters.hidden_num, trained), epoch)
        newest.become(model, past.state, past.data, name=title)
        if former is not None:
            session.book.branch(former, past.epochs)
        session.moments.restore(moments)
        session.selection.select_units(units)
        session.selection.select_pixel(pixel)
        session.experiment.touch()
        newest.tell()
        words = self.tr("A new run begins at epoch {0}. Press Train to go on from there.")
        here = session.images.identity if session.images is not None else None
        if past.data is not None and here is not None and here.digest != past.data.digest:
            words = self.tr("A new run begins at epoch {0}, of a training on other images than are open: on “{1}”.")
        session.noticed.emit(words.format(epoch, past.data.name if past.data is not None else ""))

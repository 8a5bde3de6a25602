"""The article's class: an RBM that fits, reconstructs, saves and loads."""

from __future__ import annotations

import os
from collections.abc import Sized
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from rbm_studio.core import sampling
from rbm_studio.core.backend import FloatArray, backend_for
from rbm_studio.core.batches import as_levels
from rbm_studio.core.gpu_errors import GPUError
from rbm_studio.core.images import as_hidden_values, as_images, as_training_images, check_one_scale, mean_image
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.presets import preset_named, settings_for
from rbm_studio.core.settings import MAX_HIDDEN, TrainingSettings, check_count, check_names, drawn_seed
from rbm_studio.core.training import Progress, Training
from rbm_studio.data.mnist import name_of_training_images
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.image_digest import image_digest
from rbm_studio.storage.loss_file import save_loss
from rbm_studio.storage.model_file import SavedModel, load_model, save_model
from rbm_studio.storage.provenance import Provenance, TrainingData
from rbm_studio.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.core.backend import Backend
    from rbm_studio.core.parameters import Parameters
    from rbm_studio.core.state import TrainingState

MAX_VISIBLE = 1_000_000
MAX_CLASSES = 1000
STREAM = "a stream"
"""By this name `RBM.partial_fit` calls its images."""


class RBM:
    """A Bernoulli-Bernoulli restricted Boltzmann machine.

    Parameters
    ----------
    visible_num : int
        The number of visible units, D: the pixels of an image.
    hidden_num : int
        The number of hidden units, H, 1 to 4096.
    learning_rate, momentum : float, optional
        The preset's own if left out, such as 1 and 0 for ``"recommended"``, 0.0001 and 0.95 for ``"article"``.
    seed : int or None, default 0
        Of the model's own random numbers; the global random state is neither read nor set. None draws one from the
        system's entropy, which `seed`, the saved model and the first lines of `fit` tell.
    use_GPU : bool, default False
        Train on the GPU through CuPy.
    preset : {"recommended", "article", "best-likelihood", "fast-preview", "cd-1"}
        How to train; see `rbm_studio.core.presets.PRESETS`. ``"article"`` repeats the article's library, with the
        fault that breaks its model.
    labels : int, default 0
        The number of classes that the model learns along with the images, in as many softmax units beside the visible
        ones; 0 for none (Larochelle & Bengio 2008).
    **settings : Any
        Any other of `rbm_studio.core.settings.TrainingSettings`, by name, such as ``gradient="pcd"`` or ``k=5``.

    Attributes
    ----------
    w, visible_bias, hidden_bias : float32 ndarrays of shapes (D, H), (D,), (H,)
        The parameters.
    loss_history : list of float
        The article's KL divergence of each epoch that the model was trained for, in nats per pixel.
    image_shape : tuple of int, or None
        (height, width) of the visible units as an image, for whoever opens the saved model; None: not known.
    trained_on : TrainingData or None
        The images of the last `fit`, by a digest, for whoever opens the saved model; None: not known.

    Raises
    ------
    RBMStudioError
        If a size or a setting is impossible; the message names what would be possible.

    Examples
    --------
    >>> from rbm_studio import RBM, load_mnist
    >>> (x_train, _), (x_test, _) = load_mnist()
    >>> rbm = RBM(visible_num=28 * 28, hidden_num=64)
    >>> rbm.fit(x_train, epochs=10, batch_size=1000)
    >>> restored = rbm.reconstruct(x_test[:10])
    """

    def __init__(
        self,
        visible_num: int,
        hidden_num: int,
        learning_rate: float | None = None,
        momentum: float | None = None,
        seed: int | None = 0,
        use_GPU: bool = False,
        preset: str = "recommended",
        labels: int = 0,
        **settings: Any,
    ) -> None:
        check_count("number of visible units", visible_num, 1, MAX_VISIBLE)
        check_count("number of hidden units", hidden_num, 1, MAX_HIDDEN)
        check_count("number of classes", labels, 0, MAX_CLASSES)
        if labels == 1:
            raise RBMStudioError("A model cannot learn a single class.", "Give at least 2, or 0 for no labels.")
        check_names(settings)
        self._settings = settings_for(preset, learning_rate=learning_rate, momentum=momentum, seed=seed, **settings)
        self._seed_was_drawn = seed is None
        self.use_GPU = use_GPU
        self.history: list[EpochRecord] = []
        self._rng = np.random.default_rng(np.random.SeedSequence(self._settings.seed).spawn(5)[4])
        self._parameters = preset_named(preset).initial_parameters(
            int(visible_num), int(hidden_num), self._settings.seed, label_num=int(labels)
        )
        self._state: TrainingState | None = None
        self._run_under_way: Training | None = None
        self._is_new = True
        self._image_shape: tuple[int, int] | None = None
        self._provenance: Provenance | None = None

    def __repr__(self) -> str:
        return (
            f"RBM(visible_num={self.visible_num}, hidden_num={self.hidden_num}, "
            f"preset={self._settings.preset!r}, epochs trained: {len(self.history)})"
        )

    @property
    def parameters(self) -> Parameters:
        """The weights and biases; while a run is under way, a copy of them as they are now."""
        return self._parameters if self._run_under_way is None else self._run_under_way.snapshot()

    @property
    def visible_num(self) -> int:
        """The number of visible units."""
        return self._parameters.visible_num

    @property
    def hidden_num(self) -> int:
        """The number of hidden units."""
        return self._parameters.hidden_num

    @property
    def settings(self) -> TrainingSettings:
        """How the model is trained."""
        return self._settings

    @property
    def w(self) -> FloatArray:
        """The weights, of shape (visible_num, hidden_num)."""
        return self.parameters.w

    @property
    def visible_bias(self) -> FloatArray:
        """The visible units' biases, of shape (visible_num,)."""
        return self.parameters.visible_bias

    @property
    def hidden_bias(self) -> FloatArray:
        """The hidden units' biases, of shape (hidden_num,)."""
        return self.parameters.hidden_bias

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """(height, width) of the visible units as an image; None: not known."""
        return self._image_shape

    @image_shape.setter
    def image_shape(self, shape: tuple[int, int] | None) -> None:
        if shape is None:
            self._image_shape = None
            return
        sides = tuple(int(side) for side in shape)
        if len(sides) != 2 or min(sides) < 1 or sides[0] * sides[1] != self.visible_num:
            raise RBMStudioError(
                "The model has {visible} visible units, which are no image of shape {shape}.",
                "Give (height, width), or None where the visible units are no image.",
                visible=self.visible_num,
                shape=sides,
            )
        self._image_shape = sides[0], sides[1]

    @property
    def trained_on(self) -> TrainingData | None:
        """The images of the last `fit`; None: not known."""
        return None if self._provenance is None else self._provenance.data

    @trained_on.setter
    def trained_on(self, data: TrainingData | None) -> None:
        self._provenance = replace(self._provenance or Provenance(), data=data)

    @property
    def seed(self) -> int:
        """Of the model's random numbers: the one that was given, or drawn."""
        return self._settings.seed

    @property
    def learning_rate(self) -> float:
        """The step size of the updates."""
        return self._settings.learning_rate

    @property
    def momentum(self) -> float:
        """How much of the last update is kept."""
        return self._settings.momentum

    @property
    def loss_history(self) -> list[float]:
        """The article's KL divergence of each epoch, in nats per pixel."""
        return [record.training_kl for record in self.history]

    def change_settings(self, **settings: Any) -> Self:
        """Train differently from the next `fit` on.

        Parameters
        ----------
        **settings : Any
            Of `rbm_studio.core.settings.TrainingSettings`, by name, such as ``learning_rate=0.05``; the others stay.
            None leaves a setting as it is, but ``seed=None`` draws a new one.

        Returns
        -------
        RBM
            Itself.

        Raises
        ------
        RBMStudioError
            If there is no such setting, or a value is impossible; nothing is changed.
        """
        check_names(settings)
        if "seed" not in settings:
            self._settings = self._settings_with(**settings)
            return self
        was_drawn = settings["seed"] is None
        if was_drawn:
            settings["seed"] = drawn_seed()
        self._settings = self._settings_with(**settings)
        self._seed_was_drawn = was_drawn
        return self

    def fit(
        self,
        data: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        held_out: npt.ArrayLike | None = None,
        held_out_labels: npt.ArrayLike | None = None,
        verbose: bool = True,
        progress: Callable[[Progress], None] | None = None,
        resume: bool = False,
    ) -> Self:
        """Train, going on from where an earlier call ended.

        Parameters
        ----------
        data : array_like of shape (n, visible_num)
            Images in 0..1, or uint8 grey levels 0..255; grey values are taken as the settings' binarisation says. The
            data may be a `numpy.memmap` of uint8, bool or float32 that is larger than memory.
        labels : array_like of shape (n,), optional
            The images' classes 0..C-1, which a model with label units needs.
        epochs : int, optional
            Passes through the data; the settings' own if left out: 10, unless the preset or you said otherwise.
        batch_size : int, optional
            Images per update; the settings' own if left out: 100. Fewer images than that are one batch.
        held_out : array_like of shape (m, visible_num), optional
            Images to measure the KL on and not to train on; see `history`.
        held_out_labels : array_like of shape (m,), optional
            Their classes.
        verbose : bool
            Whether to print the article's lines.
        progress : callable, optional
            Called after each batch, with a `rbm_studio.core.training.Progress`; it may use the model as it is then,
            and save it.
        resume : bool
            Whether to finish a run that was interrupted, in this process or in the one that saved the model: with the
            same data and settings, to the same bits as without the interruption, if that fell between two batches. An
            exception from ``progress`` does; Ctrl+C may fall within a batch, which then counts twice in part.

        Returns
        -------
        RBM
            Itself.

        Raises
        ------
        RBMStudioError
            If the data or a setting cannot be used, or the GPU is asked for and there is none that works.
        TrainingDivergedError
            If a setting made the parameters explode, which it names; the last good ones are kept.
        GPUError
            If the GPU's memory is full, or it fails. As far as it still answers, what was learned is kept: with
            ``use_GPU = False``, ``fit(..., resume=True)`` goes on.
        """
        settings = self._settings_with(epochs=epochs, batch_size=batch_size)
        images = as_training_images(data, self.visible_num)
        held_out_images = None
        if isinstance(held_out, Sized) and len(held_out):
            held_out_images = as_training_images(held_out, self.visible_num)
            check_one_scale(np.asanyarray(data), np.asanyarray(held_out))
        backend = backend_for("gpu" if self.use_GPU else "cpu")
        training = self._training(
            images,
            settings,
            labels=self._classes(labels),
            held_out=held_out_images,
            held_out_labels=self._classes(held_out_labels),
            backend=backend,
            resume=resume,
        )
        if verbose:
            print(_DEVICE_LINES[backend.name])
            if self._seed_was_drawn:
                print(f"# The seed was drawn: {self.seed}")
        self._run(training, verbose, progress)
        return self

    def partial_fit(self, data: npt.ArrayLike, labels: npt.ArrayLike | None = None) -> Self:
        """Train on some images of a stream, once; momentum and chains go on from call to call.

        Parameters
        ----------
        data : array_like of shape (n, visible_num)
            As for `fit`; each call counts as an epoch. A new model's visible biases start at the first call's images.
        labels : array_like of shape (n,), optional
            As for `fit`.

        Returns
        -------
        RBM
            Itself.

        Raises
        ------
        RBMStudioError, TrainingDivergedError
            As `fit`.
        """
        own = self._settings
        # A stream has no end that the rate could fall to; but over the model's life it may fall. As many chains also
        # where a call has fewer images than a batch: of another number they would start anew.
        settings = self._settings_with(epochs=1, final_rate=1.0, final_k=0, chains=own.chains or own.batch_size)
        images = as_training_images(data, self.visible_num)
        backend = backend_for("gpu" if self.use_GPU else "cpu")
        try:
            self._run(self._training(images, settings, labels=self._classes(labels), backend=backend, stream=True))
        finally:
            self._settings = own
        return self

    def _settings_with(self, **changes: Any) -> TrainingSettings:
        wanted = {name: value for name, value in changes.items() if value is not None}
        return replace(self._settings, **wanted)

    def _training(self, images: npt.NDArray[Any], settings: TrainingSettings, **options: Any) -> Training:
        start, is_stream = self._start_at(images, settings), options.get("stream", False)
        # Once, for the training and for the digest.
        shown = images if is_stream else as_levels(images)
        training = Training(
            start,
            shown,
            settings,
            state=self._state,
            epochs_trained=self.history[-1].epoch if self.history else 0.0,
            **options,
        )
        data = self._stream(images) if is_stream else _training_data(shown, options.get("held_out"), settings)
        backend: Backend = options["backend"]
        self._provenance = Provenance(data, __version__, backend.threads, backend.kernels)
        self._settings = settings
        return training

    def _stream(self, images: npt.NDArray[Any]) -> TrainingData:
        before = self.trained_on.train_num if self.trained_on is not None and self.trained_on.name == STREAM else 0
        return TrainingData(before + len(images), STREAM)

    def _run(
        self, training: Training, verbose: bool = False, progress: Callable[[Progress], None] | None = None
    ) -> None:
        self._run_under_way = training
        before = len(self.history)
        try:
            while not training.finished:
                at = training.step()
                if at.epoch_kl is not None:
                    self.history.append(EpochRecord(at.epochs_trained, at.epoch_kl, at.held_out_kl))
                    if verbose:
                        print(f"Epoch [{at.epoch}/{at.epochs}], KL Divergence: {at.epoch_kl:.4f}", flush=True)
                if progress is not None:
                    progress(at)
        finally:
            # Also when interrupted from the keyboard: what was learned is kept. The state comes first: on a GPU it may
            # find that the newest parameters have exploded, and put the last good ones back.
            self._run_under_way = None
            try:
                state, parameters = training.state, training.snapshot()
            except GPUError:
                # It went away, and what was learned with it.
                del self.history[before:]
                raise
            self._state, self._parameters = state, parameters
            self._is_new = False

    def _classes(self, labels: npt.ArrayLike | None) -> npt.NDArray[Any] | None:
        if labels is None or self._parameters.label_num == 0:
            return None
        return np.asarray(labels)

    def _start_at(self, images: npt.NDArray[Any], settings: TrainingSettings) -> Parameters:
        """Return the parameters to start from: a new model's follow from the data, where its preset starts there."""
        preset = preset_named(settings.preset)
        if not self._is_new or not preset.starts_at_data:
            return self._parameters
        return preset.initial_parameters(
            self.visible_num,
            self.hidden_num,
            settings.seed,
            mean_image(images),
            len(images),
            self._parameters.label_num,
        )

    def reconstruct(self, visible: npt.ArrayLike) -> FloatArray:
        """Clamp the visible units, sample the hidden ones, and return the visible units' expectation.

        Parameters
        ----------
        visible : array_like of shape (n, visible_num) or (visible_num,)
            Images in 0..1.

        Returns
        -------
        float32 ndarray of shape (n, visible_num)
            Probabilities.
        """
        return sampling.reconstruct(self.parameters, self._visible(visible), self._rng)

    def expect_hidden(self, visible: npt.ArrayLike) -> FloatArray:
        """Return p(h = 1 | v), of shape (n, hidden_num), for images of shape (n, visible_num)."""
        return self.parameters.expect_hidden(self._visible(visible))

    def expect_visible(self, hidden: npt.ArrayLike) -> FloatArray:
        """Return p(v = 1 | h), of shape (n, visible_num), for hidden values of shape (n, hidden_num)."""
        return self.parameters.expect_visible(self._hidden(hidden))

    def get_hidden(self, visible: npt.ArrayLike) -> FloatArray:
        """Return p(h = 1 | v), as `expect_hidden`: the article's other name for it."""
        return self.expect_hidden(visible)

    def predict_proba(self, visible: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return p(y | v) of each class, of shape (n, C), for images of shape (n, visible_num).

        Raises
        ------
        RBMStudioError
            If the model has no label units.
        """
        return self.parameters.label_probabilities(self._visible(visible))

    def predict(self, visible: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the most probable class of each image, of shape (n,); see `predict_proba`."""
        classes: npt.NDArray[np.intp] = self.predict_proba(visible).argmax(axis=1)
        return classes

    def sample_hidden(self, visible: npt.ArrayLike) -> FloatArray:
        """Return hidden states, 0 or 1, of shape (n, hidden_num), for images of shape (n, visible_num)."""
        return sampling.sample_hidden(self.parameters, self._visible(visible), self._rng)

    def sample_visible(self, hidden: npt.ArrayLike) -> FloatArray:
        """Return visible states, 0 or 1, of shape (n, visible_num), for hidden values of shape (n, hidden_num)."""
        return sampling.sample_visible(self.parameters, self._hidden(hidden), self._rng)

    def calculate_energy(self, visible: npt.ArrayLike, hidden: npt.ArrayLike) -> FloatArray:
        """Return E(v, h) = −vᵀ w h − aᵀ v − bᵀ h of each pair of rows.

        Parameters
        ----------
        visible : array_like of shape (n, visible_num) or (visible_num,)
        hidden : array_like of shape (n, hidden_num) or (hidden_num,)
            As many rows as ``visible``.

        Returns
        -------
        float32 ndarray of shape (n,)
        """
        v, h = self._visible(visible), self._hidden(hidden)
        if len(v) != len(h):
            raise RBMStudioError(
                "There are {visible} rows of visible and {hidden} rows of hidden units.",
                "Give as many of one as of the other: the energy belongs to a pair.",
                visible=len(v),
                hidden=len(h),
            )
        return self.parameters.energy(v, h)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model as safetensors, with its settings, its history, and what training goes on with.

        The window opens the same file.

        Raises
        ------
        FileError
            If it cannot be written; a file that was there before stays as it was.
        """
        state = self._state if self._run_under_way is None else self._run_under_way.state
        history = tuple(self.history)
        shape, provenance = self.image_shape, self._provenance
        save_model(path, SavedModel(self.parameters, self._settings, history, shape, state, provenance))

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Take over a saved model of the same size, with its settings, its history, and what training goes on with.

        `fit` with ``resume`` finishes the run in which it was saved.

        Raises
        ------
        FileError
            If the file cannot be used.
        RBMStudioError
            If the model in it has another size; nothing is changed.
        """
        saved = load_model(path)
        own, found = self._parameters, saved.parameters
        if (found.visible_num, found.hidden_num) != (own.visible_num, own.hidden_num):
            raise RBMStudioError(
                "The model in {name} has {visible} visible and {hidden} hidden units; this one has {own}.",
                "Load it with RBM({visible}, {hidden}).load(...).",
                name=os.path.basename(path),
                visible=found.visible_num,
                hidden=found.hidden_num,
                own=f"{own.visible_num} and {own.hidden_num}",
            )
        if found.label_num != own.label_num:
            raise RBMStudioError(
                "The model in {name} knows {classes} classes; this one knows {own}.",
                "Load it with RBM({visible}, {hidden}, labels={classes}).load(...).",
                name=os.path.basename(path),
                classes=found.label_num,
                own=own.label_num,
                visible=found.visible_num,
                hidden=found.hidden_num,
            )
        self._parameters = found
        self._settings = saved.settings or self._settings
        self.history = list(saved.history)
        self.image_shape = saved.image_shape
        self._state = saved.state
        self._provenance = saved.provenance
        self._seed_was_drawn = False
        self._is_new = False
        return self

    def save_loss(self, path: str | os.PathLike[str] = "loss.dat") -> None:
        """Write the history as text: a header line, then ``epoch kl`` a line.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        save_loss(path, self.history)

    def _visible(self, values: npt.ArrayLike) -> FloatArray:
        return as_images(values, self.visible_num)

    def _hidden(self, values: npt.ArrayLike) -> FloatArray:
        return as_hidden_values(values, self.hidden_num)


def _training_data(
    images: npt.NDArray[Any], held_out: npt.NDArray[Any] | None, settings: TrainingSettings
) -> TrainingData:
    digest, values = image_digest(images)
    return TrainingData(
        len(images),
        name_of_training_images(digest),
        0 if held_out is None else len(held_out),
        images_digest=digest,
        values=values,
        binarisation=settings.binarisation,
        threshold=float(settings.threshold),
    )


_DEVICE_LINES = {
    "CPU": "# Computation will proceed on the CPU.",
    "GPU": "# GPU usage has been enabled. Computation will proceed on the GPU.",
}

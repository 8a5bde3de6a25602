"""The article's class: an RBM that fits, reconstructs, saves and loads."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from rbm_studio.core import sampling
from rbm_studio.core.backend import CPU, Backend, FloatArray, backend_for, gpu_problem
from rbm_studio.core.images import as_hidden_values, as_images
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.presets import MAX_HIDDEN, TrainingSettings, check_count, preset_named
from rbm_studio.core.training import Training, TrainingState
from rbm_studio.errors import RBMStudioError
from rbm_studio.storage.loss_file import save_loss
from rbm_studio.storage.model_file import SavedModel, load_model, save_model

if TYPE_CHECKING:
    from rbm_studio.core.parameters import Parameters

MAX_VISIBLE = 1_000_000


class RBM:
    """A Bernoulli-Bernoulli restricted Boltzmann machine.

    Parameters
    ----------
    visible_num : int
        The number of visible units, D: the pixels of an image.
    hidden_num : int
        The number of hidden units, H, 1 to 4096.
    learning_rate, momentum : float, optional
        The preset's own if left out: 0.15 and 0.9, or for ``"article"`` 0.0001 and 0.95.
    seed : int, default 0
        Of the model's own random numbers; the global random state is neither read nor set.
    use_GPU : bool, default False
        Train on the GPU through CuPy. Where that cannot be, training warns and goes on on the CPU.
    preset : {"recommended", "article"}
        How to train; see `rbm_studio.core.presets.PRESETS`. ``"article"`` repeats the article's library, with the
        fault that breaks its model.

    Attributes
    ----------
    w, visible_bias, hidden_bias : float32 ndarrays of shapes (D, H), (D,), (H,)
        The parameters.
    loss_history : list of float
        The article's KL divergence of each epoch that the model was trained for, in nats per pixel.

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
        seed: int = 0,
        use_GPU: bool = False,
        preset: str = "recommended",
    ) -> None:
        check_count("number of visible units", visible_num, 1, MAX_VISIBLE)
        check_count("number of hidden units", hidden_num, 1, MAX_HIDDEN)
        self._settings = TrainingSettings.for_preset(preset, learning_rate=learning_rate, momentum=momentum, seed=seed)
        self.use_GPU = use_GPU
        self.history: list[EpochRecord] = []
        self._rng = np.random.default_rng(np.random.SeedSequence(self._settings.seed).spawn(5)[4])
        self._parameters = preset_named(preset).initial_parameters(visible_num, hidden_num, self._settings.seed)
        self._state: TrainingState | None = None
        self._is_new = True

    def __repr__(self) -> str:
        return (
            f"RBM(visible_num={self.visible_num}, hidden_num={self.hidden_num}, "
            f"preset={self._settings.preset!r}, epochs trained: {len(self.history)})"
        )

    @property
    def parameters(self) -> Parameters:
        """The weights and biases."""
        return self._parameters

    @property
    def visible_num(self) -> int:
        """The number of visible units."""
        return self._parameters.visible_num

    @property
    def hidden_num(self) -> int:
        """The number of hidden units."""
        return self._parameters.hidden_num

    @property
    def w(self) -> FloatArray:
        """The weights, of shape (visible_num, hidden_num)."""
        return self._parameters.w

    @property
    def visible_bias(self) -> FloatArray:
        """The visible units' biases, of shape (visible_num,)."""
        return self._parameters.visible_bias

    @property
    def hidden_bias(self) -> FloatArray:
        """The hidden units' biases, of shape (hidden_num,)."""
        return self._parameters.hidden_bias

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

    def fit(
        self,
        data: npt.ArrayLike,
        *,
        epochs: int = 10,
        batch_size: int = 100,
        held_out: npt.ArrayLike | None = None,
        verbose: bool = True,
    ) -> Self:
        """Train by contrastive divergence (CD-1, Hinton 2002), going on from where an earlier call ended.

        Parameters
        ----------
        data : array_like of shape (n, visible_num)
            Images in 0..1; grey values are taken as probabilities.
        epochs : int
            Passes through the data.
        batch_size : int
            Images per update; fewer images than that are one batch.
        held_out : array_like of shape (m, visible_num), optional
            Images to measure the KL on and not to train on; see `history`.
        verbose : bool
            Whether to print the article's lines.

        Returns
        -------
        RBM
            Itself.

        Raises
        ------
        RBMStudioError
            If the data cannot be used.
        TrainingDivergedError
            If the learning rate made the parameters explode; the last good ones are kept.
        """
        settings = TrainingSettings(**{**self._settings.as_dict(), "epochs": epochs, "batch_size": batch_size})
        images = as_images(data, self.visible_num)
        held_out_images = None if held_out is None else as_images(held_out, self.visible_num)
        backend = self._backend()
        self._settings = settings
        self._start_at(images)
        training = Training(
            self._parameters,
            images,
            settings,
            held_out=held_out_images,
            backend=backend,
            state=self._state,
            epochs_trained=self.history[-1].epoch if self.history else 0.0,
        )
        if verbose:
            print(_DEVICE_LINES[backend.name])
        try:
            while not training.finished:
                progress = training.step()
                if progress.epoch_kl is not None:
                    self.history.append(EpochRecord(progress.epochs_trained, progress.epoch_kl, progress.held_out_kl))
                    if verbose:
                        print(f"Epoch [{progress.epoch}/{epochs}], KL Divergence: {progress.epoch_kl:.4f}", flush=True)
        finally:
            # Also when interrupted from the keyboard: what was learned is kept.
            self._parameters = training.snapshot()
            self._state = training.state
            self._is_new = False
        return self

    def _start_at(self, images: FloatArray) -> None:
        """Set a new model's biases from the data, where its preset starts there."""
        preset = preset_named(self._settings.preset)
        if self._is_new and preset.starts_at_data:
            mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)
            self._parameters = preset.initial_parameters(
                self.visible_num, self.hidden_num, self._settings.seed, mean, len(images)
            )

    def _backend(self) -> Backend:
        if not self.use_GPU:
            return CPU
        problem = gpu_problem()
        if problem:
            warnings.warn(f"{problem}: training on the CPU.", RuntimeWarning, stacklevel=3)
            return CPU
        return backend_for("gpu")

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
        return sampling.reconstruct(self._parameters, self._visible(visible), self._rng)

    def expect_hidden(self, visible: npt.ArrayLike) -> FloatArray:
        """Return p(h = 1 | v), of shape (n, hidden_num), for images of shape (n, visible_num)."""
        return self._parameters.expect_hidden(self._visible(visible))

    def expect_visible(self, hidden: npt.ArrayLike) -> FloatArray:
        """Return p(v = 1 | h), of shape (n, visible_num), for hidden values of shape (n, hidden_num)."""
        return self._parameters.expect_visible(self._hidden(hidden))

    def get_hidden(self, visible: npt.ArrayLike) -> FloatArray:
        """Return p(h = 1 | v), as `expect_hidden`: the article's other name for it."""
        return self.expect_hidden(visible)

    def sample_hidden(self, visible: npt.ArrayLike) -> FloatArray:
        """Return hidden states, 0 or 1, of shape (n, hidden_num), for images of shape (n, visible_num)."""
        return sampling.sample_hidden(self._parameters, self._visible(visible), self._rng)

    def sample_visible(self, hidden: npt.ArrayLike) -> FloatArray:
        """Return visible states, 0 or 1, of shape (n, visible_num), for hidden values of shape (n, hidden_num)."""
        return sampling.sample_visible(self._parameters, self._hidden(hidden), self._rng)

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
        return self._parameters.energy(v, h)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the model as safetensors, with its settings and history; the window opens the same file.

        Raises
        ------
        FileError
            If it cannot be written; a file that was there before stays as it was.
        """
        save_model(path, SavedModel(self._parameters, self._settings, tuple(self.history)))

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Replace the parameters and the history by those of a saved model of the same size.

        Raises
        ------
        FileError
            If the file cannot be used.
        RBMStudioError
            If the model in it has another size; nothing is changed.
        """
        saved = load_model(path)
        found = (saved.parameters.visible_num, saved.parameters.hidden_num)
        if found != (self.visible_num, self.hidden_num):
            raise RBMStudioError(
                "The model in {name} has {visible} visible and {hidden} hidden units; this one has {own}.",
                "Load it with RBM({visible}, {hidden}).load(...).",
                name=os.path.basename(path),
                visible=found[0],
                hidden=found[1],
                own=f"{self.visible_num} and {self.hidden_num}",
            )
        self._parameters = saved.parameters
        self.history = list(saved.history)
        self._state = None
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


_DEVICE_LINES = {
    "CPU": "# Computation will proceed on the CPU.",
    "GPU": "# GPU usage has been enabled. Computation will proceed on the GPU.",
}

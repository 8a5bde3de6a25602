from __future__ import annotations

import numpy as np

from rbm_studio.app.spectrum_history import KEPT, SpectrumHistory


def spectrum(largest: float, count: int = 30) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.linspace(largest, 0, count)


def test_the_largest_are_kept_in_the_order_of_the_epochs() -> None:
    history = SpectrumHistory()
    assert history.values.shape == (0, 0)
    for epoch in (2.0, 0.0, 1.0):
        history.add(epoch, spectrum(epoch + 1))
    assert history.epochs.tolist() == [0, 1, 2]
    assert history.values.shape == (3, KEPT)
    assert history.values[:, 0].tolist() == [1, 2, 3]
    assert 1.0 in history
    assert 1.5 not in history
    assert history.first is not None
    assert history.last is not None
    # All of the first and of the last.
    assert (len(history.first), history.first[0]) == (30, 1)
    assert (len(history.last), history.last[0]) == (30, 3)


def test_a_time_measured_again_takes_its_place() -> None:
    history = SpectrumHistory()
    history.add(1.0, spectrum(1))
    history.add(1.0, spectrum(5, 4))
    assert history.values.tolist() == [spectrum(5, 4).tolist()]
    assert history.last is not None
    assert history.last[0] == 5


def test_many_are_thinned_but_the_ends_stay() -> None:
    history = SpectrumHistory()
    for epoch in range(2000):
        history.add(float(epoch), spectrum(epoch + 1))
    assert len(history.epochs) <= 256
    assert history.epochs[0] == 0
    assert history.epochs[-1] == 1999
    np.testing.assert_array_equal(history.values[:, 0], history.epochs + 1)
    assert np.diff(history.epochs).max() <= 32

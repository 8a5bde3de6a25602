from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rbm_studio.core import workspace
from rbm_studio.core.backend import CPU
from rbm_studio.core.parameters import Parameters
from rbm_studio.core.workspace import LEAST_IMAGES, Joint, Part, Workspace, threads_for
from tests.core.gibbs import Gibbs
from tests.core.joint_enumeration import random_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY = LEAST_IMAGES


def all_lit(p: Parameters) -> NDArray[np.bool_]:
    return np.ones(p.visible_num, dtype=np.bool_)


def whole(p: Parameters) -> Joint:
    return Joint(p, all_lit(p), MANY, CPU)


def with_dark_pixels(labels: int = 0) -> tuple[Parameters, NDArray[np.bool_]]:
    """Return a model of six pixels, of which the data leaves 1, 2, 3 and 4 dark; only 1 and 4 are so in the model."""
    p = random_model(6, 3, labels)
    lit = np.array([True, False, False, False, False, True])
    p.w[[1, 3, 4]] = 0
    p.visible_bias[[1, 2, 4]] = -np.log(MANY), -20, -30
    p.visible_bias[3] = -np.log(MANY) + 0.01
    return p, lit


class TestJoint:
    @pytest.mark.parametrize("labels", [0, 3])
    def test_holds_a_copy_and_gives_it_back(self, labels: int) -> None:
        p = random_model(4, 3, labels)
        joint = whole(p)
        assert joint.w.shape == (4 + labels, 3)
        for name, array in joint.parameters().arrays().items():
            np.testing.assert_array_equal(array, p.arrays()[name])
        before = p.w.copy()
        joint.w[...] = 0
        np.testing.assert_array_equal(p.w, before)

    @pytest.mark.parametrize("labels", [0, 3])
    def test_leaves_out_pixels_that_are_dark_in_data_and_model(self, labels: int) -> None:
        p, lit = with_dark_pixels(labels)
        joint = Joint(p, lit, MANY, CPU)
        assert joint.lit.tolist() == [0, 2, 3, 5]
        assert joint.dark.tolist() == [1, 4]
        assert (joint.pixels, joint.all_pixels, joint.w.shape) == (4, 6, (4 + labels, 3))
        for name, array in joint.parameters().arrays().items():
            np.testing.assert_array_equal(array, p.arrays()[name])
        taken = joint.taken()
        np.testing.assert_array_equal(taken.w, p.w[[0, 2, 3, 5]])
        assert taken.label_num == labels

    def test_leaves_out_none_where_the_data_lights_all_or_is_small_or_dark_throughout(self) -> None:
        p, lit = with_dark_pixels()
        for shown, images in ((all_lit(p), MANY), (lit, MANY - 1), (lit, 1)):
            assert Joint(p, shown, images, CPU).pixels == 6
        dark = Parameters(np.zeros((3, 2), dtype=np.float32), np.full(3, -50, dtype=np.float32), p.hidden_bias[:2])
        assert Joint(dark, np.zeros(3, dtype=np.bool_), MANY, CPU).pixels == 3

    def test_spreads_what_goes_with_its_arrays_over_all_pixels(self) -> None:
        p, lit = with_dark_pixels(2)
        joint = Joint(p, lit, MANY, CPU)
        w, a, b = (np.full_like(array, place + 1) for place, array in enumerate(joint.arrays))
        update = joint.spread((w, a, b), 0.0)
        assert update.w[:, 0].tolist() == [1, 0, 1, 1, 0, 1]
        assert update.visible_bias.tolist() == [2, 0, 2, 2, 0, 2]
        assert update.hidden_bias.tolist() == [3, 3, 3]
        assert update.label_bias is not None
        assert update.label_bias.tolist() == [2, 2]
        np.testing.assert_array_equal(joint.spread((w, a, b)).visible_bias[[1, 4]], p.visible_bias[[1, 4]])

    def test_knows_the_cross_entropy_of_what_it_leaves_out(self) -> None:
        p, lit = with_dark_pixels()
        joint = Joint(p, lit, MANY, CPU)
        q = 1 / (1 + np.exp(-p.visible_bias[[1, 4]].astype(np.float64)))
        assert joint.dark_cross_entropy() == pytest.approx(-np.log1p(-q).sum(), rel=1e-6)
        v = np.random.default_rng(0).random((7, 6), dtype=np.float32)
        shown = v[:, [1, 4]].astype(np.float64)
        expected = -(shown * np.log(q) + (1 - shown) * np.log1p(-q)).sum(axis=1).mean()
        assert joint.dark_cross_entropy(v) == pytest.approx(expected, rel=1e-6)
        assert whole(p).dark_cross_entropy(v) == 0.0


def parts_of(joint: Joint, images: int, chains: int, threads: int) -> Workspace:
    return Workspace(joint, images, chains, CPU, np.random.SeedSequence(0), threads)


class TestPart:
    def part(self, p: Parameters, rows: int) -> Part:
        part = parts_of(whole(p), rows, 0, 1).parts(rows)[0]
        part.data[...] = np.random.default_rng(0).random(part.data.shape)
        return part

    @pytest.mark.parametrize("beta", [1.0, 0.5, 0.0])
    @pytest.mark.parametrize("labels", [0, 3])
    def test_has_the_conditionals_of_the_model(self, labels: int, beta: float) -> None:
        p = random_model(4, 3, labels)
        gibbs, part = Gibbs(p, beta), self.part(p, 9)
        part.expect_hidden(part.data, part.hidden_data, beta=beta)
        np.testing.assert_allclose(part.hidden_data, gibbs.expect_hidden(part.data), rtol=1e-5)
        part.visible_input(part.hidden_data, part.model)
        part.expect_visible(part.model, beta=beta)
        np.testing.assert_allclose(part.model, gibbs.expect_visible(part.hidden_data), rtol=1e-5)

    @pytest.mark.parametrize("labels", [0, 3])
    def test_samples_with_the_conditional_probabilities(self, labels: int) -> None:
        p, rows = random_model(4, 3, labels), 20_000
        gibbs, part = Gibbs(p), self.part(p, rows)
        part.hidden_data[...] = [0.2, 0.5, 0.9]
        part.sample_hidden(part.hidden_data, part.hidden_sample)
        atol = 4 * 0.5 / np.sqrt(rows)
        np.testing.assert_allclose(part.hidden_sample.mean(axis=0), [0.2, 0.5, 0.9], atol=atol)
        h = np.array([[1.0, 0.0, 1.0]])
        part.model[...] = expected = gibbs.expect_visible(h)
        part.sample_visible(part.model)
        assert set(np.unique(part.model)) == {0.0, 1.0}
        np.testing.assert_allclose(part.model.mean(axis=0), expected[0], atol=atol)
        if labels:
            np.testing.assert_array_equal(part.model[:, 4:].sum(axis=1), 1.0)
        # Neighbours do not share random numbers.
        assert np.abs(np.corrcoef(part.model[:, :4].T) - np.eye(4)).max() < 4 / np.sqrt(rows)

    @pytest.mark.parametrize("labels", [0, 3])
    @pytest.mark.parametrize("rows", [0, 1, 5])
    def test_measures_the_pixels_of_its_first_rows(self, rows: int, labels: int) -> None:
        p = random_model(4, 3, labels)
        gibbs, part = Gibbs(p), self.part(p, 9)
        h = np.random.default_rng(1).random((9, 3), dtype=np.float32)
        part.visible_input(h, part.model)
        inputs = part.model.copy()
        found = float(part.cross_entropy(part.model, rows))
        v, q = part.data[:rows, :4].astype(np.float64), gibbs.expect_visible(h)
        expected = -(v * np.log(q[:rows, :4]) + (1 - v) * np.log(1 - q[:rows, :4])).sum()
        assert found == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(part.model[:rows], q[:rows], rtol=1e-5)
        np.testing.assert_array_equal(part.model[rows:], inputs[rows:])


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("chains", [0, 1, 2, 3, 8])
@pytest.mark.parametrize("batch", [1, 2, 3, 4, 6, 7])
def test_parts_cover_all_rows_and_share_none(
    batch: int, chains: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "LEAST_ROWS_PER_PART", 1)
    monkeypatch.setattr(workspace, "LEAST_WORK_PER_THREAD", 1)
    space = parts_of(whole(random_model(2, 2)), batch, chains, threads)
    assert len(space.sources) == min(threads, max(batch, chains))
    for images in range(1, batch + 1):
        parts = space.parts(images)
        rows = images + space.chains(images)
        assert len({id(part.rng) for part in parts}) == len(parts)
        for shared, name in ((space.visible, ("data", "model")), (space.hidden, ("hidden_data", "hidden_model"))):
            shared[...] = -1
            for place, (part, kind) in enumerate(product(parts, name)):
                own = getattr(part, kind)
                assert (own == -1).all()
                own[...] = place
            assert (shared[:rows] >= 0).all()
            assert (shared[rows:] == -1).all()
            assert [len(getattr(part, name[0])) for part in parts] == [len(part.data) for part in parts]
            # The data's rows lie above the model's.
            np.testing.assert_array_equal(shared[:images, 0] % 2, 0)
            np.testing.assert_array_equal(shared[images:rows, 0] % 2, 1)
        for kind in ("hidden_sample", "scratch"):
            arrays = [part.scratch if kind == "scratch" else (part.hidden_sample,) for part in parts]
            for place, own in enumerate(arrays):
                for array in own:
                    assert len(array) == max(len(parts[place].data), len(parts[place].model))
                    array[...] = place
            assert all((array == place).all() for place, own in enumerate(arrays) for array in own)


def test_a_small_batch_is_not_worth_another_thread() -> None:
    assert threads_for(1, 784 * 64, 8) == 1
    assert threads_for(100, 784 * 64, 8) == 1
    assert threads_for(2000, 784 * 64, 8) == 8
    assert threads_for(1000, 784 * 64, 2) == 2
    # However large the weights, a part has so many rows that its products are worth it.
    assert threads_for(1000, 784 * 4096, 8) == 5
    assert threads_for(300, 784 * 4096, 8) == 1

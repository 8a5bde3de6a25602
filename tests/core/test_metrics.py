from __future__ import annotations

import math

import pytest

from rbm_studio.core.metrics import article_kl


def test_article_kl_by_hand() -> None:
    # (1/D)·[cross-entropy - ln B]: 784 pixels that each cost 0.1 nats, in batches of 1000.
    assert article_kl(78.4, 784, 1000) == pytest.approx(0.1 - 6.907755 / 784, abs=1e-8)


def test_article_kl_of_single_images_is_the_cross_entropy_per_pixel() -> None:
    assert article_kl(4 * math.log(2), 4, 1) == pytest.approx(math.log(2))

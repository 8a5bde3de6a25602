"""Images in, `Dataset` out: files, MNIST, the packaged sample, downloads and handwriting. Knows neither Qt nor core."""

from rbm_studio.data.dataset import DataError, Dataset
from rbm_studio.data.mnist import load_mnist
from rbm_studio.data.opening import open_dataset

__all__ = ["DataError", "Dataset", "load_mnist", "open_dataset"]

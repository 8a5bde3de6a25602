"""Images in, `Dataset` out: files, MNIST, the packaged sample, downloads and handwriting. Knows neither Qt nor core."""

from rbm_studio.data.dataset import DataError, Dataset
from rbm_studio.data.mnist import find_mnist, load_mnist
from rbm_studio.data.opening import open_dataset
from rbm_studio.data.sample import sample_dataset

__all__ = ["DataError", "Dataset", "find_mnist", "load_mnist", "open_dataset", "sample_dataset"]

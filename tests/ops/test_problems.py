"""A problem says what, where, expected, found, and what to do, in sentences."""

import pytest

from xarb_runtime.ops.problems import Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(what="it is broken"), "it is broken."),
        (Problem(what="Is it?", where="here"), "here: Is it?"),
        (
            Problem(what="no", where="a:1", expected="x", found="y", do="Mend it."),
            "a:1: no. expected x, found y. Mend it.",
        ),
        (Problem(what="no", found="y"), "no. found y."),
    ],
)
def test_it_reads_as_sentences(problem: Problem, text: str) -> None:
    assert str(problem) == text

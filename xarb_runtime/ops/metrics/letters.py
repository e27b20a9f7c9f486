"""
Dead letters by what is wrong with them: reasons are texts for people, classes are few.
"""

#: The first class of which a phrase fits is it. A phrase that ends in `:` or `.` is the beginning
#: of a problem, any other one may stand anywhere.
_CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("content_type", ("content type", "content_type", "binary mode", "datacontenttype:")),
    ("signature", ("signature", "signed", "operator_key")),
    ("encoding", ("text in UTF-8", "surrogate")),
    ("size", ("bytes, found",)),
    ("nesting", ("levels, found more",)),
    ("envelope", ("specversion:", "id:", "source:", "subject:", "time:", "attribute name")),
    ("type", ("type:", "expected type", "expected one of the types")),
    ("data", ("data.", "data:")),
    ("json", ("expected JSON", "JSON object", "each key once", "64 bits", "expected a number")),
)
OTHER = "other"
#: All classes there are.
CLASSES = (*(name for name, _ in _CLASSES), OTHER)


def reason_class(reason: str) -> str:
    """Return the class of a dead letter's reason."""
    problems = reason.split("; ")
    return next(
        (name for name, phrases in _CLASSES if any(_fits(it, problems) for it in phrases)), OTHER
    )


def _fits(phrase: str, problems: list[str]) -> bool:
    if phrase.endswith((":", ".")):
        return any(problem.startswith(phrase) for problem in problems)
    return any(phrase in problem for problem in problems)

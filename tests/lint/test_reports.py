"""
Findings as text, JSON and SARIF; silences; plain words.
"""

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.lint.contexts import BAD, CHARTS, CONTEXTS
from xarb_runtime.statechart.document import parse
from xarb_runtime.statechart.findings import SUPPRESSED
from xarb_runtime.statechart.lint import lint_path, lint_text
from xarb_runtime.statechart.lint.catalogue import CATALOGUE
from xarb_runtime.statechart.report import format_json, format_text
from xarb_runtime.statechart.sarif import format_sarif
from xarb_runtime.statechart.schema import chart_schema

FINDINGS = [finding for path in BAD[:6] for finding in lint_path(path, CONTEXTS)]
ACCEPTED = [
    msgspec.structs.replace(FINDINGS[0], severity=SUPPRESSED, hint="Accepted: it is meant so")
]

CHART = """
states:
  waiting:
    initial: true
    transitions:
      - {event: operator.retry, target: quoting}
      - {event: operator.resolve, target: done}
  quoting:
    enter:
      - send: {target: "#_venue", event: quote}
    transitions:
      - {event: quote.received quote.failed, target: done}
  done:
    final: true
x-xarb:
  version: 1
  context: cross_venue
  states:
    waiting: {exposure: flat}
    quoting: {exposure: flat}
    done: {exposure: flat}
  ignore:
    - {state: "*", events: ["*"], because: "this chart is about something else"}
"""


# -- Formats --------------------------------------------------------------------------------------


def test_text_has_a_line_per_finding_and_one_that_counts():
    lines = format_text([*FINDINGS, *ACCEPTED]).splitlines()

    assert lines[:-1] == [str(finding) for finding in FINDINGS]
    assert lines[-1] == f"{len(FINDINGS)} errors, no warnings, 1 accepted."


def test_nothing_found_is_said_too():
    assert format_text([]) == "no errors, no warnings.\n"


def test_a_line_names_the_place_so_that_an_editor_can_go_there():
    finding = FINDINGS[0]

    assert f"{finding.file}:{finding.line}:{finding.column} /" in str(finding)


def test_json_has_every_field_of_every_finding():
    report = json.loads(format_json([*FINDINGS, *ACCEPTED]))

    assert report["counts"] == {"error": len(FINDINGS), "warning": 0, "suppressed": 1}
    assert report["findings"] == msgspec.to_builtins([*FINDINGS, *ACCEPTED])


#: What SARIF 2.1.0 requires of the parts that are used here, and the types of what is written.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "required": ["driver"],
                    "properties": {
                        "driver": {
                            "required": ["name"],
                            "properties": {
                                "rules": {"items": {"required": ["id"]}, "uniqueItems": True}
                            },
                        }
                    },
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"items": {"$ref": "#/$defs/result"}},
            },
        },
        "result": {
            "required": ["message", "ruleId"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"enum": list(CATALOGUE)},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": TEXT,
                "locations": {"items": {"$ref": "#/$defs/location"}},
                "suppressions": {
                    "items": {
                        "required": ["kind"],
                        "properties": {"kind": {"enum": ["inSource", "external"]}},
                    }
                },
            },
        },
        "location": {
            "additionalProperties": False,
            "properties": {
                "physicalLocation": {
                    "required": ["artifactLocation"],
                    "properties": {
                        "artifactLocation": {"required": ["uri"]},
                        "region": {
                            "required": ["startLine"],
                            "properties": {
                                "startLine": {"type": "integer", "minimum": 1},
                                "startColumn": {"type": "integer", "minimum": 1},
                            },
                        },
                    },
                },
                "logicalLocations": {"type": "array"},
            },
        },
    },
}


def test_sarif_has_what_the_standard_requires():
    log = json.loads(format_sarif([*FINDINGS, *ACCEPTED], version="1.2.3"))

    assert [error.message for error in Draft202012Validator(SARIF).iter_errors(log)] == []
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert run["results"][-1]["suppressions"][0]["justification"] == "it is meant so"


def test_sarif_names_files_as_addresses():
    finding = msgspec.structs.replace(FINDINGS[0], file="my charts/flow.yaml")

    [result] = json.loads(format_sarif([finding]))["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]

    assert place["artifactLocation"]["uri"] == "my%20charts/flow.yaml"


# -- Silence --------------------------------------------------------------------------------------


def _with(silence: str) -> list[tuple[str, str]]:
    found = lint_text(f"{CHART}  silence: [{silence}]\n", CONTEXTS)
    return [(finding.code, finding.severity) for finding in found]


def test_a_silence_with_a_reason_accepts_a_finding_and_what_is_below_its_path():
    for path in ("/states/quoting", "/states", ""):
        silence = f"{{code: XS302, path: '{path}', because: 'it always answers'}}"

        assert _with(silence) == [("XS302", SUPPRESSED)]


def test_a_silence_says_nothing_about_other_places_and_other_codes():
    elsewhere = "{code: XS302, path: /states/quot, because: 'it always answers'}"
    other = "{code: XS303, path: /states/quoting, because: 'it always answers'}"

    assert sorted(_with(elsewhere)) == [("XS005", "error"), ("XS302", "error")]
    assert sorted(_with(other)) == [("XS005", "error"), ("XS302", "error")]


def test_a_silence_without_a_reason_accepts_nothing():
    assert sorted(_with("{code: XS302, because: ' '}")) == [("XS005", "error"), ("XS302", "error")]


@pytest.mark.parametrize("code", ["XS002", "XS005", "XS999"])
def test_the_shape_of_a_chart_cannot_be_silenced(code):
    assert ("XS005", "error") in _with(f"{{code: {code}, because: 'we like it so'}}")


# -- Words ----------------------------------------------------------------------------------------

WORDS = {
    "states: {a: }": ("/states/a", "expected a mapping, found nothing."),
    "states: {}": ("/states", "expected at least 1, found an empty mapping."),
    "state: {a: {}}": ("", "expected the key 'states', found none."),
    "states: {a: {initial: 5}}": (
        "/states/a/initial",
        "expected true or false or a text, found the number 5.",
    ),
    "states: {a: {enter: [5]}}": (
        "/states/a/enter/0",
        "expected a text or a mapping, found the number 5.",
    ),
    "states: {a: {enter: {sendd: {}}}}": (
        "/states/a/enter/sendd",
        "expected one of the known keys, found 'sendd'.",
    ),
    "states: {a: {enter: {send: {}, cancel: {}}}}": (
        "/states/a/enter",
        "expected at most 1 key here, found 'send', 'cancel'.",
    ),
    "states: {a: {history: {h: {type: medium}}}}": (
        "/states/a/history/h/type",
        "expected one of shallow, deep, found the text 'medium'.",
    ),
    "states: {1: {}}": ("/states/1", "expected a text as a key, found the number 1."),
}


@pytest.mark.parametrize("text", WORDS)
def test_the_schemas_objections_are_told_in_plain_words(text):
    assert WORDS[text] in [(found.path, found.message) for found in lint_text(text, CONTEXTS)]


def test_several_faults_are_told_at_once_each_at_its_place():
    found = lint_text("states: {a: {enterr: x, exitt: y}, b: 5}", CONTEXTS)

    assert [(finding.line, finding.path) for finding in found] == [
        (1, "/states/a/enterr"),
        (1, "/states/a/exitt"),
        (1, "/states/b"),
    ]


# -- Schema ---------------------------------------------------------------------------------------


def test_the_schema_for_editors_takes_our_charts():
    schema = chart_schema()
    Draft202012Validator.check_schema(schema)
    for path in CHARTS:
        data = parse(path.read_text(encoding="utf-8")).data

        assert [error.message for error in Draft202012Validator(schema).iter_errors(data)] == []


@pytest.mark.parametrize(
    "text",
    [
        "states: {a: {invoke: {}}}",
        "states: {a: {enter: {log: x}}}",
        "states: {a: {enter: {send: {event: x, delay: 5s}}}}",
        "datamodel: {x: '1'}\nstates: {a: {}}",
    ],
)
def test_the_schema_for_editors_knows_what_xarb_does_not_take(text):
    block = "\nx-xarb: {version: 1, context: c, states: {}}"

    assert not Draft202012Validator(chart_schema()).is_valid(parse(text + block).data)

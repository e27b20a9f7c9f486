"""
Findings as SARIF 2.1.0, which code hosts and editors show beside the line.
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec

from xarb_runtime.statechart.findings import SUPPRESSED, WARNING, Finding
from xarb_runtime.statechart.lint.catalogue import CATALOGUE

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"


def format_sarif(findings: Sequence[Finding], *, version: str = "0") -> str:
    """
    Return a SARIF log with one run.

    Args:
        findings: in the order in which they are to be shown.
        version: the version of xarb that found them.
    """
    return msgspec.json.format(msgspec.json.encode(_log(findings, version)), indent=2).decode()


def _log(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    driver = {
        "name": "xarb lint",
        "version": version,
        "rules": [_rule(code, rule) for code, rule in CATALOGUE.items()],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in findings],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(code: str, rule: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": rule},
        "defaultConfiguration": {"level": "error"},
        "help": {"text": f"See {code} in docs/reference/lint.md."},
    }


def _result(finding: Finding) -> dict[str, Any]:
    result = {
        "ruleId": finding.code,
        "ruleIndex": list(CATALOGUE).index(finding.code),
        "level": "warning" if finding.severity == WARNING else "error",
        "message": {"text": f"{finding.message} {finding.hint}".strip()},
        "locations": [_location(finding)],
    }
    if finding.severity == SUPPRESSED:
        reason = finding.hint.removeprefix("Accepted: ")
        result["suppressions"] = [{"kind": "inSource", "justification": reason}]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
    if finding.line:
        physical["region"] = {"startLine": finding.line, "startColumn": max(1, finding.column)}
    logical = {"fullyQualifiedName": finding.path or "/", "kind": "member"}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _uri(file: str) -> str:
    return quote(PurePath(file).as_posix(), safe="/")

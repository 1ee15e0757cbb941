"""Mirakl's published description as something to validate against, with its known untruths allowed for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

BESIDE_THE_CHECKOUT = Path(__file__).parents[2].parent / "shared" / "contracts" / "mirakl-seller-openapi.json"


def described(given: str | None, otherwise: Path) -> Path:
    """Mirakl's description for sellers, which is Mirakl's own and not in this repository; without it, skip the module.

    :param given: MIRAKL_OPENAPI.
    :raises FileNotFoundError: it is given, and is not there.
    """
    if given and not Path(given).is_file():
        raise FileNotFoundError(f"MIRAKL_OPENAPI names {given}, which is not a file")
    if not given and not otherwise.exists():
        pytest.skip(
            "NOT TESTED AGAINST MIRAKL'S OPENAPI DESCRIPTION: download the seller's one from "
            "https://developer.mirakl.com/ and set MIRAKL_OPENAPI to the file",
            allow_module_level=True,
        )
    return Path(given) if given else otherwise


# Real answers carry these though the schema does not declare them (mirakl.md, schema caveat 3).
UNDECLARED = frozenset({"carrierCode", "carrierName"})

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_formats = FormatChecker(formats=())
_formats.checks("date-time")(lambda value: not isinstance(value, str) or bool(_UTC.fullmatch(value)))


class Description:
    """The OpenAPI file; every field that is no id may be null (mirakl.md, schema caveat 1)."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_text("utf-8"))
        self._nullable = _with_nulls(self._document)

    def problems_of_answer(self, verb: str, path: str, status: int, body: Any) -> list[str]:
        """What is wrong with an answer: the schema's errors, and fields that it does not declare."""
        schema = self._document["paths"][path][verb.lower()]["responses"][str(status)]["content"]
        return self._problems(schema, f"/paths/{_escaped(path)}/{verb.lower()}/responses/{status}/content", body)

    def problems_of_request(self, verb: str, path: str, body: Any) -> list[str]:
        """What is wrong with a request body."""
        schema = self._document["paths"][path][verb.lower()]["requestBody"]["content"]
        return self._problems(schema, f"/paths/{_escaped(path)}/{verb.lower()}/requestBody/content", body)

    def answers_with_json(self, verb: str, path: str, status: int) -> bool:
        responses = self._document["paths"][path][verb.lower()]["responses"]
        return "application/json" in responses[str(status)].get("content", {})

    def _problems(self, content: Mapping[str, Any], pointer: str, body: Any) -> list[str]:
        root = {**self._nullable, "$ref": f"#{pointer}/application~1json/schema"}
        validator = Draft202012Validator(root, format_checker=_formats)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
        undeclared = self._undeclared(content["application/json"]["schema"], body, "$")
        return errors + [f"{where}: not declared" for where in undeclared]

    def _undeclared(self, schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
        properties: dict[str, Any] = {}
        for part in self._parts(schema):
            properties |= part.get("properties", {})
            if isinstance(value, list) and "items" in part:
                for index, item in enumerate(value):
                    yield from self._undeclared(part["items"], item, f"{where}[{index}]")
        if isinstance(value, dict):
            for name, field in value.items():
                if name in properties:
                    yield from self._undeclared(properties[name], field, f"{where}.{name}")
                elif name not in UNDECLARED:
                    yield f"{where}.{name}"

    def _parts(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The schema itself and whatever it is made of, subtypes of a discriminator included."""
        if "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        yield schema
        for part in schema.get("allOf", []):
            yield from self._parts(part)
        for subtype in schema.get("discriminator", {}).get("mapping", {}).values():
            # A subtype names its base in allOf, which would lead back here.
            named = self._document["components"]["schemas"][subtype.rpartition("/")[2]]
            yield named
            yield from (part for part in named.get("allOf", []) if "$ref" not in part)


def _with_nulls(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_nulls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    relaxed = {name: _with_nulls(part) for name, part in schema.items()}
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        relaxed["properties"] = {
            name: part if name == "id" or name.endswith("_id") else _or_null(part)
            for name, part in relaxed["properties"].items()
        }
    return relaxed


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _escaped(path: str) -> str:
    """A path as one step of a JSON pointer inside a URI fragment."""
    return path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")

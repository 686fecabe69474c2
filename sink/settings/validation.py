"""Whether a configuration is right, in the form of Connect's `PUT /connector-plugins/{name}/config/validate`.

One difference: the errors also hold what the real connector finds only when it starts or runs, since this sink refuses
that as well. Source: Kafka Connect's REST interface (ConfigInfos).
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from onceproof.sink.settings.frameworkproperties import CONNECTOR
from onceproof.sink.settings.overrides import PREFIX
from onceproof.sink.settings.parsing import Examination, examine
from onceproof.sink.settings.properties import GROUPS, PROPERTIES, NotRead, Values
from onceproof.sink.settings.propertytypes import Property, Required

Json: TypeAlias = dict[str, Any]


def answer(properties: Mapping[str, str]) -> Json:
    """The answer, ready for `json.dumps`; problems of properties beside the table come last."""
    found = examine(properties, subscribes=True)
    errors: dict[str, list[str]] = {}
    for problem in found.problems:
        errors.setdefault(problem.name, []).append(problem.message)
    configs = [
        {"definition": definition(property_), "value": _value(found, property_, errors.get(name, []))}
        for name, property_ in PROPERTIES.items()
        if not property_.is_internal or name in properties
    ]
    configs += [
        {"definition": _unlisted(name), "value": _plain(name, properties.get(name), messages)}
        for name, messages in errors.items()
        if name not in PROPERTIES
    ]
    return {
        "name": CONNECTOR,
        "error_count": sum(map(len, errors.values())),
        "warnings": list(found.warnings),
        "groups": list(GROUPS),
        "configs": configs,
    }


def definition(property_: Property) -> Json:
    """What is known of a property without any configuration."""
    required = isinstance(property_.default, Required)
    names = [other.name for other in GROUPS[property_.group]]
    return {
        "name": property_.name,
        "type": property_.type,
        "required": required,
        "default_value": None if required else property_.default,
        "importance": property_.importance,
        "documentation": property_.doc,
        "group": property_.group,
        "width": property_.width,
        "display_name": property_.display_name,
        "dependents": list(property_.dependents),
        "order": names.index(property_.name) + 1,
    }


def _value(found: Examination, property_: Property, errors: list[str]) -> Json:
    name, values = property_.name, found.values
    is_known = name in values.given or isinstance(property_.default, str)
    return {
        "name": name,
        "value": values.text(name) if is_known else None,
        "recommended_values": list(property_.recommended),
        "errors": errors,
        "visible": _is_visible(property_, values),
    }


def _is_visible(property_: Property, values: Values) -> bool:
    """Whether it has an effect beside the others; where one of those is in error it may have."""
    try:
        return property_.used is None or property_.used.holds(values)
    except NotRead:
        return True


def _unlisted(name: str) -> Json:
    """A property of a transform or predicate, or of the consumer."""
    return {
        "name": name,
        "type": "STRING",
        "required": False,
        "default_value": None,
        "importance": "MEDIUM",
        "documentation": "",
        "group": "Common" if name.startswith(PREFIX) else "Transforms",
        "width": "NONE",
        "display_name": name,
        "dependents": [],
        "order": -1,
    }


def _plain(name: str, value: str | None, errors: list[str]) -> Json:
    return {"name": name, "value": value, "recommended_values": [], "errors": errors, "visible": True}

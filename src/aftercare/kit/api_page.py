"""A page to read an API on, made on the server from its OpenAPI description: no script, nothing fetched from elsewhere."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
body { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 6rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #8884; text-transform: capitalize; }
details { margin: .3rem 0; } summary { cursor: pointer; padding: .2rem 0; } details > div { padding: .2rem 0 1rem 1.2rem; }
code, pre { font: .88rem/1.45 ui-monospace, monospace; } pre { background: #8881; padding: .8rem; overflow: auto; border-radius: 6px; }
.method { display: inline-block; width: 4.2rem; font-weight: 600; } .words { opacity: .75; }
table { border-collapse: collapse; } td { padding: .15rem 1.2rem .15rem 0; vertical-align: top; }
"""

_PAGE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} API</title><style>{{ style }}</style></head><body>
<h1>{{ title }} API <small class="words">{{ version }}</small></h1>
<p>{{ description }} The description for machines is at <a href="{{ machine }}">{{ machine }}</a>.</p>
<nav>{% for tag in tags %}<a href="#{{ tag }}">{{ tag }}</a>{{ " · " if not loop.last }}{% endfor %}</nav>
{% for tag, operations in tags.items() %}
<h2 id="{{ tag }}">{{ tag }}</h2>
{% for one in operations %}
<details id="{{ one.id }}"><summary><code><span class="method">{{ one.method }}</span>{{ one.path }}</code>
<span class="words">{{ one.summary }}</span></summary><div>
{% if one.description %}<p>{{ one.description }}</p>{% endif %}
{% if one.parameters %}<table>{% for p in one.parameters %}<tr><td><code>{{ p.name }}</code></td><td>{{ p.in }}{{ ", required" if p.required }}</td>
<td><code>{{ p.shape }}</code></td><td>{{ p.description or "" }}</td></tr>{% endfor %}</table>{% endif %}
{% if one.body %}<p>Sends</p><pre>{{ one.body }}</pre>{% endif %}
{% for status, shape in one.answers %}<p>{{ status }}</p>{% if shape %}<pre>{{ shape }}</pre>{% endif %}{% endfor %}
</div></details>
{% endfor %}{% endfor %}
</body></html>
"""
)


def api_page(description: Mapping[str, Any], machine: str) -> str:
    """The page; `machine` is the address of the description itself."""
    shapes = description.get("components", {}).get("schemas", {})
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            tags.setdefault((operation.get("tags") or ["other"])[0], []).append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": [
                        {**parameter, "shape": _name(parameter.get("schema", {}))}
                        for parameter in operation.get("parameters", [])
                    ],
                    "body": _content(operation.get("requestBody", {}), shapes),
                    "answers": [
                        (status, _content(answer, shapes))
                        for status, answer in operation["responses"].items()
                        if status.startswith("2")
                    ],
                }
            )
    about = description["info"]
    return _PAGE.render(
        title=about["title"],
        version=about["version"],
        description=about.get("description", ""),
        machine=machine,
        tags=dict(sorted(tags.items())),
        style=_STYLE,
    )


def _content(part: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    for kind, content in part.get("content", {}).items():
        schema = content.get("schema", {})
        return f"{kind}\n{_told(schema, shapes)}" if kind != "application/json" else _told(schema, shapes)
    return ""


def _told(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> str:
    """One level deep: the fields with the names of their shapes."""
    name = schema.get("$ref", "").rpartition("/")[2]
    whole = shapes.get(name, schema)
    if "properties" not in whole:
        return _name(schema)
    required = set(whole.get("required", ()))
    lines = [
        f"  {field}{'' if field in required else '?'}: {_name(inner)}"
        for field, inner in whole["properties"].items()
    ]
    return "\n".join([f"{name or 'object'} {{", *lines, "}"])


def _name(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " | ".join(_name(inner) for inner in schema[choice])
    if "enum" in schema:
        return " | ".join(repr(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"{_name(schema.get('items', {}))}[]"
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)

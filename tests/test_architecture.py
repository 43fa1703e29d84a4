"""Front doors, the web framework and vendors' libraries: what import-linter's layers cannot say."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

import aftercare

# Any of these means talking to somebody outside; only connectors do.
VENDORS = {
    "aiobotocore", "aiohttp", "alibabacloud_dysmsapi20170525", "alibabacloud_tea_openapi", "darabonba", "aiosmtpd", "aiosmtplib", "apprise", "boto3", "botocore", "httpx",
    "httpx2", "imap_tools", "imaplib", "karrio", "openai", "pydantic_ai", "requests", "s3fs", "smtplib",
    "stripe", "twilio", "urllib3", "wechatpayv3", "wechatpy",
}  # fmt: skip
WEB_FRAMEWORK = {"fastapi", "starlette"}
# Tools and the roof: their modules are open to who may import them at all.
NO_CONTEXT = {"kit", "journal", "house", "installation", "app", "worker", "cli", "settings", "__main__"}
OF_MANY = {"insights", "notices"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("aftercare", include_external_packages=True, cache_dir=None)


def imports(graph: grimp.ImportGraph) -> Iterator[tuple[list[str], list[str], str]]:
    """Every import of ours as (importer, imported, the line it stands on), names split at the dots."""
    for importer in sorted(graph.modules):
        if importer.partition(".")[0] != "aftercare":
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            for detail in graph.get_import_details(importer=importer, imported=imported):
                line = f"{importer}:{detail['line_number']}: {detail['line_contents']}"
                yield importer.split("."), imported.split("."), line


def test_another_context_is_entered_through_its_front_door(graph: grimp.ImportGraph) -> None:
    trespasses = [
        line
        for importer, imported, line in imports(graph)
        if imported[0] == "aftercare"
        and len(imported) > 2
        and imported[1] not in NO_CONTEXT
        and importer[1:2] != imported[1:2]
        # The house is put together here: routes, reactions and tables are found by their fixed names.
        and not (importer[1:] == ["app"] and imported[-1] == "routes")
        # A context of many nouns has a front door for each package of its own.
        and not (imported[1] in OF_MANY and len(imported) == 3 and graph.find_children(".".join(imported)))
        # A connector is one file; there is no front door to them all, which would load every vendor's library.
        and not (importer[1] in {"house", "worker", "cli"} and imported[1] == "connectors")
    ]
    assert trespasses == []


def test_only_routes_know_the_web_framework(graph: grimp.ImportGraph) -> None:
    trespasses = [
        line
        for importer, imported, line in imports(graph)
        if imported[0] in WEB_FRAMEWORK
        and importer[1:] != ["app"]
        and importer[-1] != "routes"
        and not (importer[1] in {"kit", "journal"} and importer[-1] == "http")
    ]
    assert trespasses == []


def test_only_connectors_know_vendors(graph: grimp.ImportGraph) -> None:
    trespasses = [
        line
        for importer, imported, line in imports(graph)
        if imported[0] in VENDORS and importer[1:2] != ["connectors"]
    ]
    assert trespasses == []


def test_a_front_door_offers_only_what_somebody_comes_for() -> None:
    """By name: who imports a package, or from it, and says the name of something came for that."""
    source = Path(aftercare.__file__).parent
    told = {
        file: list(ast.walk(ast.parse(file.read_text())))
        for folder in (source, source.parents[1] / "tests", source.parents[1] / "bench")
        for file in folder.rglob("*.py")
    }
    come_for: dict[str, set[str]] = {}
    for nodes in told.values():
        said = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                names = {name.name for name in node.names}
                come_for.setdefault(node.module, set()).update(names)
                for name in names:
                    come_for.setdefault(f"{node.module}.{name}", set()).update(said)
    unasked = []
    for door in source.rglob("__init__.py"):
        package = ".".join(door.parent.relative_to(source.parent).parts)
        used_here = {node.id for node in told[door] if isinstance(node, ast.Name)}
        for node in told[door]:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                offered = set(ast.literal_eval(node.value))
                unasked += [
                    f"{package}.{name}" for name in offered - used_here - come_for.get(package, set())
                ]
    assert unasked == []


def test_what_follows_from_facts_is_loaded_with_the_house() -> None:
    """Else it follows in the web process only, and never from what the worker does."""
    source = Path(aftercare.__file__).parent
    follows = {
        ".".join(("aftercare", *file.relative_to(source).with_suffix("").parts))
        for file in source.rglob("*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef)
        and any(re.match(r"(after|within)\(", ast.unparse(sign)) for sign in node.decorator_list)
    }
    script = "import sys, aftercare.house; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert follows - set(loaded.stdout.split()) == set()


def test_only_settings_read_the_environment() -> None:
    """Not an import: `os.environ` and `os.getenv` are looked for by name."""
    root = Path(aftercare.__file__).parent
    readers = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert readers <= {"settings.py"}

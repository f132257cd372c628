"""What is uploaded: the same content gives the same bytes, and the layer holds what the function imports."""

from __future__ import annotations

import ast
import io
import sys
import zipfile

from obsiverse_app import package


def names(archive: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(archive)).namelist()


def test_archives_are_the_same_each_time():
    assert package.function() == package.function()
    assert package.layer() == package.layer()


def test_the_function_holds_its_handlers_only():
    assert names(package.function()) == ["handler.py", "otel_wrapper.py"]


def test_the_layer_holds_what_the_function_imports_and_the_runtime_lacks():
    layer = names(package.layer())
    assert all(name.startswith("python/") for name in layer)
    imported: set[str] = set()
    for file in package.FUNCTION.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
            elif isinstance(node, ast.Import):
                imported |= {one.name for one in node.names}
    for module in imported - {"boto3"} - set(sys.stdlib_module_names):
        path = f"python/{module.replace('.', '/')}"
        assert any(name.startswith((f"{path}/", f"{path}.py")) for name in layer), module
    assert not any(name.startswith("python/boto") for name in layer)

"""A Compose file from its text."""

import textwrap

import pytest

from obsiverse import compose


@pytest.fixture
def project(tmp_path):
    """Write files and load the first, with those that are named `over` laid over it."""

    def load(text, *, environment=None, files=None, over=(), **options):
        for name, content in {"compose.yaml": text, **(files or {})}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(content))
        paths = [tmp_path / name for name in ("compose.yaml", *over)]
        return compose.load(paths, environment=environment or {}, **options)

    return load

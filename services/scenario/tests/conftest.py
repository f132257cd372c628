"""What the tests share is found beside them: they are no package."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile("service", deadline=None)
settings.load_profile("service")

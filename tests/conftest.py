"""What all tests share."""

from __future__ import annotations

import pytest

# The contract kit lives in the package; its assertions explain themselves like those of the tests.
pytest.register_assert_rewrite("fetchmux.testing")

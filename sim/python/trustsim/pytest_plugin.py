"""The fixture of pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trustsim.session import Session


@pytest.fixture
def trustsim() -> Iterator[Session]:
    """A session of trustsim: a deployment of this test alone, in which time passes only when the test says so."""
    with Session() as session:
        yield session

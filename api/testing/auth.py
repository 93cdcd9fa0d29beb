"""auth_service as a table of verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from api.errors import AuthUnavailableError
from api.model import TokenRejection, Verdict
from contracts.reasons import Reason


class InMemoryAuthService:
    """Verdicts by token, for tests. A token without one is invalid.

    While ``available`` is false there is no verdict; ``asked`` counts the calls.
    """

    def __init__(self, verdicts: Mapping[str, Verdict]) -> None:
        self.verdicts = dict(verdicts)
        self.available = True
        self.asked = 0

    def verify(self, token: str) -> Verdict:
        self.asked += 1
        if not self.available:
            raise AuthUnavailableError("not available")
        return self.verdicts.get(token, TokenRejection(Reason.TOKEN_INVALID))

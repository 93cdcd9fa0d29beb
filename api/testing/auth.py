"""auth_service as a table of verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from api.auth.users import Late
from api.errors import AuthUnavailableError
from api.model import TokenRejection, Verdict
from contracts.reasons import Reason


class InMemoryAuthService:
    """Verdicts by token, for tests. A token without one is invalid.

    While ``available`` is false there is no verdict; ``asked`` counts the calls.  What came of one
    too late is told with :meth:`answer_late`.
    """

    def __init__(self, verdicts: Mapping[str, Verdict]) -> None:
        self.verdicts = dict(verdicts)
        self.available = True
        self.asked = 0
        self._unanswered: list[tuple[str, Late]] = []

    def answer_late(self) -> None:
        """Gives the verdicts on all tokens that there was none on in time."""
        unanswered, self._unanswered = self._unanswered, []
        for token, late in unanswered:
            late(self.verdicts.get(token, TokenRejection(Reason.TOKEN_INVALID)))

    def verify(self, token: str, late: Late = lambda _verdict: None) -> Verdict:
        self.asked += 1
        if not self.available:
            self._unanswered.append((token, late))
            raise AuthUnavailableError("not available")
        return self.verdicts.get(token, TokenRejection(Reason.TOKEN_INVALID))

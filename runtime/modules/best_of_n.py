"""`BestOfN`: several attempts, of which the best is returned."""

from __future__ import annotations

from typing import Any, ClassVar

from ..interface import Interface
from ..parameters import parameters
from .attempts import best_attempt
from .repeating import Repeating


@parameters
class BestOfN(Repeating):
    """Runs a module up to `N` times and returns the prediction with the highest reward.

    It stops at the first attempt that reaches the threshold. The first attempt is the module as it is; the
    others run at temperature 1.0, without the cache. Among equal rewards, the earlier attempt wins.
    """

    interface: ClassVar[Interface | None] = Interface(of="module", calls="N * (module + reward_fn)")

    async def aforward(self, /, **inputs: Any) -> Any:
        """Try, and choose."""
        best = await best_attempt(
            self.module,
            inputs,
            self.reward_fn,
            temperatures=[None, *[1.0] * (self.N - 1)],
            threshold=self.threshold,
            fail_count=self.fail_count,
        )
        return best.prediction

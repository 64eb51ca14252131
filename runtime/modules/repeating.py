"""What `BestOfN` and `Refine` share: a module, a reward, and how often they try."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ..interface import Reward
from ..limits import Ge
from ..lm.base import BaseLM
from ..parameters import KW_ONLY, parameters
from ..signature.signature import Signature
from .attempts import as_function, is_async_call
from .base import Module


@parameters(extra="config")
class Repeating(Module):
    """A module that runs another one several times, and returns the prediction with the highest reward."""

    concurrent: ClassVar[bool] = False

    module: Module
    """What to run."""
    N: Annotated[int, Ge(1)]
    """The maximum number of runs."""
    reward_fn: Reward
    """How good a prediction is: `(args, pred) -> float`, higher is better."""
    threshold: float | None = None
    """The reward that is good enough to stop; None to try all `N`."""
    fail_count: Annotated[int, Ge(0)] | None = None
    """How many attempts may raise in one call before their error is raised; `N` when None."""
    _: KW_ONLY
    lm: BaseLM | None = None
    """The language model of the parts that have none of their own."""
    max_retries: int | None = None
    """How often they show an answer that cannot be read, or violates a condition, to the model again, unless
    they set it themselves.
    """

    def __post_init__(self) -> None:
        """Prepare the reward function.

        Raises:
            ConfigurationError: the reward is not a function.
        """
        self.reward_fn = as_function(self.reward_fn)
        self.use_for_parts(self.lm, self.max_retries, **self.__dict__.pop("config"))

    def declared_signature(self) -> type[Signature] | None:
        """The signature of the module that is run."""
        return self.module.declared_signature()

    @property
    def needs_loop(self) -> bool:
        """Whether the module or the reward waits for something else than model calls."""
        return is_async_call(self.module, self.reward_fn)

"""Providers: who can start a model, stop it and make a better one of it by training."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import LMConfigurationError
from .base import BaseLM

if TYPE_CHECKING:
    from .jobs import TrainDataFormat, TrainingJob


class Provider:
    """What a provider can do; this base class can only answer.

    Subclasses that train set `finetunable` and override `finetune`.
    """

    finetunable: ClassVar[bool] = False
    training_job: ClassVar[type[TrainingJob] | None] = None
    """The class of its jobs; `TrainingJob` when None."""
    finds_again: ClassVar[bool] = False
    """Whether a training that was begun or done before is found again, unless the setting `fresh` is true."""

    def new_job(self, **facts: Any) -> TrainingJob:
        """A job of this provider's class, not started; DSPy's providers name the class `TrainingJob`."""
        from .jobs import TrainingJob

        kind: type[TrainingJob] = getattr(self, "TrainingJob", None) or self.training_job or TrainingJob
        return kind(**facts)

    @staticmethod
    def launch(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Start serving the model; does nothing for a model that is always available."""

    @staticmethod
    def kill(lm: BaseLM, launch_kwargs: Mapping[str, Any] | None = None) -> None:
        """Stop serving the model; does nothing for a model that is always available."""

    @staticmethod
    def trained_form(model: str) -> str | None:
        """The form of the prompts to train a model on where the program sets no adapter: `chat`, `compact`.

        None for a provider that does not keep with a model how it is to be asked.
        """
        return None

    @staticmethod
    def verify(model: str, train_kwargs: Mapping[str, Any] | None = None) -> None:
        """Raise what would keep `finetune` from training the model, before anything is spent.

        Raises:
            LMConfigurationError: the model cannot be trained, or a package for training is not installed.
            ConfigurationError: a setting that does not exist, or has an invalid value.
        """

    @staticmethod
    def verify_lm(lm: BaseLM) -> None:
        """Raise what a model's own settings lack for a training, such as a key; nothing is sent.

        Raises:
            LMError: something is missing.
        """

    @staticmethod
    def verify_training(lm: BaseLM, train_kwargs: Mapping[str, Any]) -> None:
        """Raise what a model and the settings of its training lack together; nothing is sent.

        Raises:
            LMError: something is missing.
        """

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | None,
        train_kwargs: Mapping[str, Any] | None = None,
    ) -> str:
        """Train the model and return the name of the new one.

        Raises:
            LMConfigurationError: this provider does not support training.
        """
        raise LMConfigurationError(f"training `{model}` is not supported")


PROVIDERS: dict[str, str] = {
    "gguf/": ".training.local:LocalProvider",
    "embedded/": ".training.local:LocalProvider",
    "openai/": ".training.openai:OpenAIProvider",
    "databricks/": ".training.databricks:DatabricksProvider",
    "openai/local:": ".training.served:ServedProvider",
}
"""The longest beginning of a model's name that fits decides; all others get `Provider` itself."""


def provider_for(model: str) -> Provider:
    """The provider of a model.

    Raises:
        LMConfigurationError: it exists and what it needs is not installed.
    """
    fitting = [prefix for prefix in PROVIDERS if model.startswith(prefix)]
    if not fitting:
        return Provider()
    module_name, _, class_name = PROVIDERS[max(fitting, key=len)].partition(":")
    try:
        provider: Provider = getattr(import_module(module_name, __package__), class_name)()
    except ModuleNotFoundError as error:
        raise LMConfigurationError(
            f"training `{model}` needs the package `{error.name}`: pip install 'dspyc[train]'"
        ) from error
    return provider

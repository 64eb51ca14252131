"""Models in folders of safetensors that transformers answers in this process.

What `LM("gguf/FOLDER")` is where the folder holds no llama: any architecture that transformers has. Nothing
is downloaded, no code from the folder is run, and pickled weights are never read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ....base.forks import new_lock
from ...errors import ContextWindowExceededError, LMConfigurationError, LMInvalidRequestError
from ..gguf.folder import digest_of
from ..gguf.forms import CHATML, prompt_form
from ..messages import Text
from ..request import Completion, Request, Response
from .at_work import at_work

NEEDED = ("torch", "transformers")
LONGEST_ANSWER = 1_024


@dataclass(frozen=True)
class Loaded:
    """A model in memory; it answers one request at a time."""

    digest: str
    model: Any
    tokenizer: Any
    turn: threading.Lock


_lock = new_lock()
_loaded: dict[Path, Loaded] = {}


def require(model: str, packages: tuple[str, ...] = NEEDED) -> None:
    """Raise `LMConfigurationError` for a package that is not installed."""
    for name in packages:
        try:
            import_module(name)
        except ImportError as error:
            raise LMConfigurationError(
                f"`{model}` is a folder with a model that is no llama, which needs the package "
                f"`{error.name or name}`: pip install 'dspyc[tune]'",
                model=model,
            ) from error


def answer(request: Request, folder: Path, is_over: Callable[[], bool] | None = None) -> Response:
    """Answer a request, up to the token at which it is over.

    Other settings than those of sampling, a length, `n`, `seed` and `stop` are ignored.

    Raises:
        LMConfigurationError: transformers is not installed, or cannot load the model.
        ContextWindowExceededError: the messages are longer than the model's context.
        LMInvalidRequestError: transformers refuses the request.
    """
    loaded = load(folder, request.model)
    settings = request.sent_settings
    with loaded.turn:
        ids = _prompt(loaded, request)
        longest = context_of(loaded.model)
        if longest is not None and len(ids) >= longest:
            raise ContextWindowExceededError(
                f"the messages have {len(ids)} tokens and `{request.model}` reads at most {longest}; "
                "shorten them",
                model=request.model,
            )
        room = LONGEST_ANSWER if longest is None else longest - len(ids)
        limit = settings.get("max_completion_tokens") or settings.get("max_tokens") or LONGEST_ANSWER
        try:
            with at_work():
                written = _generate(loaded, ids, min(int(limit), room), settings, is_over)
        except (ValueError, TypeError, RuntimeError) as error:
            raise LMInvalidRequestError(
                f"transformers rejected the request: {error}", model=request.model
            ) from error
    ended = ends_of(loaded.model, loaded.tokenizer)
    completions = [_completion(loaded, row, ended, settings.get("stop")) for row in written]
    count = sum(len(row) for row in written)
    usage = {"prompt_tokens": len(ids), "completion_tokens": count, "total_tokens": len(ids) + count}
    return Response(completions, usage=usage, cost=0.0, model=request.model)


def load(folder: Path, model: str) -> Loaded:
    """The model in a folder; loaded anew when the folder has changed.

    Raises:
        LMConfigurationError: transformers is not installed, or cannot load the model.
    """
    digest = digest_of(folder)
    with _lock:
        found = _loaded.get(folder)
        if found is None or found.digest != digest:
            network, tokenizer = read(folder, model)
            network.eval()
            found = _loaded[folder] = Loaded(digest, network, tokenizer, new_lock())
        return found


def unload(folder: Path) -> None:
    """Forget a model; it is loaded again when it is asked again."""
    with _lock:
        _loaded.pop(folder, None)


def read(folder: Path, model: str) -> tuple[Any, Any]:
    """The network, on the GPU where there is one, and the tokenizer, as transformers reads them.

    Raises:
        LMConfigurationError: transformers is not installed, or cannot load the model.
    """
    require(model)
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    own = {"local_files_only": True, "trust_remote_code": False}
    on_gpu = torch.cuda.is_available()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, use_fast=True, **own)
        network = transformers.AutoModelForCausalLM.from_pretrained(
            folder, use_safetensors=True, dtype="auto" if on_gpu else torch.float32, **own
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise LMConfigurationError(
            f"transformers cannot load `{model}`: {str(error).strip().splitlines()[0]}", model=model
        ) from error
    if tokenizer.eos_token_id is None:
        raise LMConfigurationError(
            f"`{model}` cannot be used: it does not say which token ends a text", model=model
        )
    return network.to("cuda" if on_gpu else "cpu"), tokenizer


def render(tokenizer: Any, messages: list[dict[str, str]], goes_on: bool) -> str:
    """A conversation as the text that the model reads; with ChatML where the model has no chat template."""
    text: str = tokenizer.apply_chat_template(
        messages,
        tokenize=False,
        add_generation_prompt=goes_on,
        chat_template=None if tokenizer.chat_template else CHATML,
    )
    return text


def encode(tokenizer: Any, text: str, *, begins: bool) -> list[int]:
    """A text's tokens.

    Args:
        tokenizer: the model's.
        text: a whole text or a part of one.
        begins: whether nothing stands before it: it then gets the token that begins a text, where the model
            has one and the text does not.
    """
    if begins:
        start = tokenizer.bos_token
        own = bool(start) and text.startswith(start)
        ids = list(tokenizer.encode(text, add_special_tokens=not own))
        # Some tokenizers would end every text.
        return ids[:-1] if ids[-1:] == [tokenizer.eos_token_id] else ids
    ids = list(tokenizer.encode(text, add_special_tokens=False))
    if text and not text[0].isspace() and tokenizer.convert_ids_to_tokens(ids[:1])[0].startswith("▁"):
        # The tokenizer puts a blank before every text; behind a line's end there is none.
        line = list(tokenizer.encode("\n", add_special_tokens=False))
        whole = list(tokenizer.encode("\n" + text, add_special_tokens=False))
        if whole[: len(line)] == line:
            return whole[len(line) :]
    return ids


def _prompt(loaded: Loaded, request: Request) -> list[int]:
    if request.model_type == "text":
        text = request.prompt if request.prompt is not None else request.messages[-1].text
    elif prompt_form(request.model) == "plain":
        text = "\n\n".join(message.text for message in request.messages)
    else:
        from jinja2.exceptions import TemplateError

        messages = [{"role": each.role, "content": each.text} for each in request.messages]
        try:
            text = render(loaded.tokenizer, messages, goes_on=True)
        except TemplateError as error:
            raise LMInvalidRequestError(
                f"the model's chat template rejects the messages: {error.message}", model=request.model
            ) from error
    return encode(loaded.tokenizer, text, begins=True)


def context_of(network: Any) -> int | None:
    """How many tokens the model reads and writes."""
    found = getattr(network.config.get_text_config(), "max_position_embeddings", None)
    return found if isinstance(found, int) and found > 0 else None


def _generate(
    loaded: Loaded,
    ids: list[int],
    limit: int,
    settings: Mapping[str, Any],
    is_over: Callable[[], bool] | None,
) -> list[list[int]]:
    """The tokens of each answer."""
    import torch
    import transformers

    temperature = float(settings.get("temperature") or 0.0)
    sampling: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    if temperature > 0:
        given = {name: settings[name] for name in ("top_p", "top_k", "min_p") if name in settings}
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, **given}
    stop = settings.get("stop")
    stops: dict[str, Any] = {"stop_strings": stop, "tokenizer": loaded.tokenizer} if stop else {}
    if is_over is not None:

        def stopped(rows: Any, scores: Any, **_: Any) -> Any:
            return torch.full((len(rows),), is_over(), device=rows.device)

        stops["stopping_criteria"] = transformers.StoppingCriteriaList([stopped])
    ends = ends_of(loaded.model, loaded.tokenizer)
    prompt = torch.tensor([ids], device=loaded.model.device)
    seed, rollout = settings.get("seed"), settings.get("rollout_id")
    chosen = seed if isinstance(seed, int) else rollout
    with torch.random.fork_rng(), torch.inference_mode():
        if isinstance(chosen, int):
            torch.manual_seed(chosen)
        else:
            torch.seed()
        rows = loaded.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=limit,
            num_return_sequences=int(settings.get("n") or 1) if temperature > 0 else 1,
            eos_token_id=sorted(ends),
            pad_token_id=padding_of(loaded.tokenizer),
            **sampling,
            **stops,
        )
    answers = [_until_end(row, ends) for row in rows[:, len(ids) :].tolist()]
    return answers if temperature > 0 else answers * int(settings.get("n") or 1)


def ends_of(network: Any, tokenizer: Any) -> set[int]:
    """The tokens that end an answer."""
    given = network.generation_config.eos_token_id
    return {tokenizer.eos_token_id, *(given if isinstance(given, list) else [given])} - {None}


def padding_of(tokenizer: Any) -> int:
    """The token that fills rows up."""
    found = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id if found is None else found)


def _until_end(row: list[int], ends: set[int]) -> list[int]:
    """An answer with its end, without what fills the row up behind it."""
    end = next((index for index, token in enumerate(row) if token in ends), None)
    return row if end is None else row[: end + 1]


def _completion(loaded: Loaded, row: list[int], ends: set[int], stop: Any) -> Completion:
    is_ended = bool(row) and row[-1] in ends
    text = loaded.tokenizer.decode(row[:-1] if is_ended else row, skip_special_tokens=True)
    for word in [stop] if isinstance(stop, str) else stop or ():
        before, found, _ = text.partition(word)
        is_ended, text = is_ended or bool(found), before
    return Completion((Text(text),), "stop" if is_ended else "length")


def _after_fork() -> None:
    # Torch's threads are not there any more in a forked child.
    _loaded.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

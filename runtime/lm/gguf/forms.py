"""How the model in a GGUF file wants to be asked, which the file says itself."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ...errors import DspycError
from .folder import has_template, prompts_of
from .header import has_chat_template, read_header
from .places import folder_of, model_path

KNOWN = ("chat", "compact")
SERVED = "openai/local:"
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""How a conversation is written for a model that has no template."""


def prompt_form(model: str) -> str:
    """The form of the prompts that a model in a file was trained on.

    Such are `gguf/PATH`, `embedded/NAME` and `openai/local:PATH`. `plain` when the file has no chat template:
    it holds a base model, which is asked in plain text. `chat` when it does not say, or cannot be read: what
    asks the model complains of that. A folder of safetensors is read as it is, and never converted for this.
    """
    if model.startswith(SERVED):
        model = f"gguf/{model.removeprefix(SERVED)}"
    try:
        folder = folder_of(model)
        if folder is not None:
            form = prompts_of(folder)
            if form in KNOWN:
                return form
            return "chat" if has_template(folder) else "plain"
        path = model_path(model)
        facts = path.stat()
    except (OSError, DspycError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return "chat"
    return _form(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=256)
def _form(path: Path, changed: int, size: int) -> str:
    try:
        form = read_header(path, str(path)).prompts
        if form is not None:
            return form if form in KNOWN else "chat"
        return "chat" if has_chat_template(path) else "plain"
    except (DspycError, OSError):
        return "chat"

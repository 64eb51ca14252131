"""The tokenizers of folders of safetensors, as a GGUF file states them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....base.files import read_regular
from .checkpoint import SPLITTERS, Vocabulary

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # token types of the GGUF format
SPACE = "▁"


class Unsaid(ValueError):
    """What a GGUF file, or dspyc, has no words for; the message is the clause that says what it is."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object in a file.

    Raises:
        OSError, ValueError: the file cannot be read, or is no such object.
    """
    return json_of(read_regular(path, _LONGEST_JSON), path.name)


def json_of(text: str | bytes, name: str) -> dict[str, Any]:
    """A JSON object in a text; `name` is that of its file.

    Raises:
        ValueError: it is none, or deeper than Python can read.
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"{name} is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError(f"{name} holds no JSON object")
    return found


def layers_of(config: Mapping[str, Any]) -> int:
    """How many layers a model has.

    Raises:
        Unsaid: more than any.
    """
    count = int(config["num_hidden_layers"])
    if not 0 < count <= _MOST_LAYERS:
        raise Unsaid(f"it claims to have {count} layers")
    return count


_LONGEST_JSON = 256 << 20
_MOST_TOKENS, _MOST_LAYERS = 1 << 22, 1024


def settings_of(path: Path) -> dict[str, Any]:
    """What a folder says of its tokenizer beside the tokenizer itself."""
    file = path / "tokenizer_config.json"
    return read_json(file) if file.is_file() else {}


def template_of(path: Path, settings: dict[str, Any]) -> str:
    """How the folder's model is shown a conversation; "" where it does not say."""
    file = path / "chat_template.jinja"
    given = file.read_text(encoding="utf-8") if file.is_file() else settings.get("chat_template") or ""
    if isinstance(given, list):
        given = next((each["template"] for each in given if each.get("name") == "default"), "")
    return str(given).replace("{% generation %}", "").replace("{% endgeneration %}", "")


def vocabulary_of(path: Path, config: Mapping[str, Any], size: int) -> Vocabulary:
    """A folder's tokenizer: byte-level BPE, or BPE over texts whose blanks are `▁`, as SentencePiece's are.

    Raises:
        Unsaid: it is none of these, or cuts texts in a way that llama.cpp has no name for.
    """
    whole = read_json(path / "tokenizer.json")
    if whole["model"].get("type", "BPE") != "BPE" or not whole["model"].get("merges"):
        raise Unsaid("its tokenizer is not a byte-level BPE")
    if not 0 < size <= _MOST_TOKENS:
        raise Unsaid(f"it claims to have {size} tokens")
    tokens, kinds = _tokens(whole, size)
    ids = {token: index for index, token in enumerate(tokens)}
    settings = settings_of(path)
    end = _id(settings.get("eos_token"), ids, config.get("eos_token_id"))
    if end is None:
        raise Unsaid("it does not say which token ends a text")
    padding = _id(settings.get("pad_token"), ids, config.get("pad_token_id"))
    start = _id(settings.get("bos_token"), ids, config.get("bos_token_id"))
    begins = _begins_with(whole.get("post_processor") or {})
    pairs = [pair if isinstance(pair, str) else " ".join(pair) for pair in whole["model"]["merges"]]
    is_pieces = bool(whole["model"].get("byte_fallback"))
    changes = (whole.get("normalizer") or {}).get("type")
    if not is_pieces and changes not in (None, "NFC"):
        raise Unsaid(f"its tokenizer changes texts before it cuts them ({changes})")
    return Vocabulary(
        tokens=tuple(tokens),
        kinds=tuple(kinds),
        merges=() if is_pieces else tuple(pairs),
        splitter="default" if is_pieces else _splitter(whole.get("pre_tokenizer") or {}),
        end=end,
        padding=end if padding is None else padding,
        chat_template=template_of(path, settings),
        start=start if begins is None else ids.get(begins, start),
        starts_with=bool(settings.get("add_bos_token", False)) or begins is not None,
        scores=_scores(tokens, whole["model"]["merges"]) if is_pieces else (),
        space_before=is_pieces and _has_space_before(whole),
        other_ends=_other_ends(path, end),
        takes_blanks=_takes_blanks(whole, tokens),
    )


def _tokens(whole: dict[str, Any], size: int) -> tuple[list[str], list[int]]:
    """The tokens and their types; the model may have room for more of them."""
    tokens = [f"[PAD{index}]" for index in range(size)]
    kinds = [UNUSED] * size
    falls_back = whole["model"].get("byte_fallback")
    for token, index in whole["model"]["vocab"].items():
        is_byte = falls_back and len(token) == 6 and token.startswith("<0x") and token.endswith(">")
        tokens[index], kinds[index] = token, BYTE if is_byte else NORMAL
    for entry in whole.get("added_tokens", ()):
        tokens[entry["id"]] = entry["content"]
        kinds[entry["id"]] = CONTROL if entry["special"] else USER_DEFINED
    unknown = whole["model"].get("unk_token")
    if falls_back and unknown in tokens:
        kinds[tokens.index(unknown)] = UNKNOWN
    return tokens, kinds


def _scores(tokens: list[str], merges: list[Any]) -> tuple[float, ...]:
    """How early llama.cpp makes each token out of two: the earlier merge has the higher score."""
    ranks: dict[str, int] = {}
    for rank, pair in enumerate(merges):
        left, _, right = pair.partition(" ") if isinstance(pair, str) else (pair[0], "", pair[1])
        ranks.setdefault(left + right, rank)
    return tuple(-float(ranks.get(token, len(merges))) for token in tokens)


def _has_space_before(whole: dict[str, Any]) -> bool:
    """Whether every text gets a blank before it."""
    steps = [whole.get("normalizer") or {}, whole.get("pre_tokenizer") or {}]
    steps += [
        each for step in steps for each in (*step.get("normalizers", ()), *step.get("pretokenizers", ()))
    ]
    has_space = replaces = False
    for step in steps:
        match step.get("type"):
            case "Prepend" if step.get("prepend") == SPACE:
                has_space = True
            case "Replace" if step.get("content") == SPACE and step.get("pattern") == {"String": " "}:
                replaces = True
            case "Metaspace" if step.get("prepend_scheme", "always") in ("always", "never"):
                has_space, replaces = step.get("prepend_scheme", "always") == "always", True
            case None | "Sequence":
                pass
            case "Split" if step.get("pattern") == {"String": " "}:
                # There is no blank left to cut at.
                pass
            case other:
                raise Unsaid(f"its tokenizer prepares texts in a way that a GGUF file cannot say ({other})")
    if not replaces:
        raise Unsaid(f"its tokenizer does not write blanks as `{SPACE}`")
    return has_space


def _takes_blanks(whole: dict[str, Any], tokens: list[str]) -> bool:
    """Whether the added tokens take the blanks behind them, as llama.cpp has it for Phi-3.

    Raises:
        Unsaid: only some of those do, or blanks before a token are taken.
    """
    added = whole.get("added_tokens", ())
    if any(each.get("lstrip") for each in added):
        raise Unsaid("its special tokens take the blanks before them")
    taking = {each["content"] for each in added if each.get("rstrip")}
    if not taking:
        return False
    others = {each["content"] for each in added} - _KEEP_BLANKS
    if taking != others or not {*_KEEP_BLANKS, "</s>"} <= set(tokens):
        raise Unsaid("some of its special tokens take the blanks behind them")
    return True


_KEEP_BLANKS = frozenset({"<unk>", "<s>", "<|endoftext|>"})
"""What llama.cpp takes to leave the blanks where all other special tokens take them."""


def _begins_with(step: dict[str, Any]) -> str | None:
    """The token that the tokenizer puts before every text."""
    for each in (step, *step.get("processors", ())):
        if each.get("type") == "TemplateProcessing":
            first: dict[str, Any] = next(iter(each.get("single") or ()), {})
            if "SpecialToken" in first:
                return str(first["SpecialToken"]["id"])
    return None


def _other_ends(path: Path, end: int) -> tuple[int, ...]:
    """Tokens that end an answer beside the one that ends a text."""
    file = path / "generation_config.json"
    given = read_json(file).get("eos_token_id") if file.is_file() else None
    return tuple(each for each in (given if isinstance(given, list) else [given]) if each not in (None, end))


def _id(token: Any, ids: dict[str, int], otherwise: Any) -> int | None:
    """The number of a token that is given as its text, as an object with it, or as a number elsewhere."""
    text = token.get("content") if isinstance(token, dict) else token
    if isinstance(text, str) and text in ids:
        return ids[text]
    number = otherwise[0] if isinstance(otherwise, list) and otherwise else otherwise
    return number if isinstance(number, int) else None


def _splitter(given: dict[str, Any]) -> str:
    """The name that llama.cpp has for the way in which texts are cut."""
    steps = given.get("pretokenizers", [given])
    if any(step.get("type") == "ByteLevel" and step.get("add_prefix_space") is True for step in steps):
        raise Unsaid("its tokenizer puts a blank before every text")
    patterns = [step["pattern"].get("Regex") for step in steps if step.get("type") == "Split"]
    digits = any(step.get("type") == "Digits" and step.get("individual_digits") for step in steps)
    known = {pattern: name for name, pattern in SPLITTERS.items()}
    if not patterns and any(step.get("type") == "ByteLevel" for step in steps):
        return "smollm" if digits else "gpt-2"
    if len(patterns) == 1 and patterns[0] in known:
        return known[patterns[0]]
    raise Unsaid(f"its tokenizer cuts texts in a way that is none of {', '.join(SPLITTERS)}")

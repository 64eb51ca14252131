"""DSPy's import paths (`from dspyc.runtime.teleprompt import …`), so that only the package's name changes.

Each path is a module that holds the face's names; where DSPy has a name there that the face has not, `_MORE`
says where it is. Nothing is loaded before it is asked for.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_FACE = __name__.rpartition(".")[0]

PATHS: dict[str, str] = {
    "adapters": "baml_adapter chat_adapter json_adapter two_step_adapter types utils xml_adapter",
    "adapters.types": "audio base_type citation code document file history image reasoning tool",
    "clients": "base_lm cache databricks embedding lm lm_local openai provider utils_finetune",
    "datasets": "colors dataloader dataset gsm8k hotpotqa math",
    "dsp": "colbertv2 utils",
    "experimental": "",
    "dsp.utils": "settings utils",
    "evaluate": "auto_evaluation evaluate metrics",
    "predict": "aggregation avatar best_of_n chain_of_thought chain_of_thought_with_hint code_act knn "
    "multi_chain_comparison parallel parameter predict program_of_thought react react_v2 refine rlm",
    "predict.avatar": "avatar models signatures",
    "primitives": "base_module code_interpreter example module prediction program python_interpreter "
    "repl_types",
    "propose": "dataset_summary_generator grounded_proposer propose_base utils",
    "retrievers": "embeddings retrieve",
    "signatures": "field signature utils",
    "streaming": "messages streamify streaming_listener",
    "teleprompt": "avatar_optimizer bettertogether bootstrap bootstrap_finetune bootstrap_trace "
    "copro_optimizer ensemble gepa grpo infer_rules knn_fewshot mipro_optimizer_v2 random_search "
    "signature_opt simba teleprompt teleprompt_optuna utils vanilla",
    "teleprompt.gepa": "gepa instruction_proposal",
    "utils": "annotation asyncify caching callback callback_context dummies exceptions inspect_history "
    "logging_utils mcp parallelizer saving syncify unbatchify usage_tracker",
}
"""DSPy's packages, and the modules in each."""

_MORE: dict[str, str] = {
    "ACTIVE_CALL_ID": ".execution.callbacks",
    "Action": ".modules.avatar",
    "ActionOutput": ".modules.avatar",
    "Banking77": ".data.benchmarks",
    "COMMENT_SYMBOL": ".dspy_names",
    "CodeInterpreter": ".tools.interpreters",
    "DEFAULT_CONFIG": ".execution.settings",
    "DataLoader": ".data.loader",
    "DummyVectorizer": ".retrieval.dummies",
    "FailedPrediction": ".optimizers.trace_data",
    "FieldInfoWithName": ".dspy_names",
    "GSM8K": ".data.benchmarks",
    "GroundedProposer": ".optimizers.grounded_proposer",
    "HotPotQA": ".data.benchmarks",
    "INDENTATION": ".dspy_names",
    "InstructionProposer": ".optimizers.reflection",
    "MultiModalInstructionProposer": ".optimizers.reflection",
    "OldField": ".dspy_names",
    "OldInputField": ".dspy_names",
    "OldOutputField": ".dspy_names",
    "ParallelExecutor": ".dspy_names",
    "Parameter": ".modules.tree",
    "REPLEntry": ".modules.repl",
    "REPLHistory": ".modules.repl",
    "REPLVariable": ".modules.repl",
    "SignatureMeta": ".signature.signature",
    "TraceData": ".optimizers.trace_data",
    "UsageTracker": ".lm.usage",
    "convert_mcp_tool": ".dspy_names",
    "create_dataset_summary": ".optimizers.dataset_summary",
    "create_minibatch": ".dspy_names",
    "create_predictor_level_history_string": ".optimizers.grounded_proposer",
    "deduplicate": ".dspy_names",
    "dotdict": ".dspy_names",
    "dummy_rm": ".retrieval.dummies",
    "em_score": ".dspy_names",
    "encode_audio": ".types.audio",
    "encode_file_to_dict": ".types.file",
    "encode_image": ".types.image",
    "eval_candidate_program": ".dspy_names",
    "get_limiter": ".modules.sync_async",
    "get_signature": ".dspy_names",
    "gsm8k_metric": ".data.benchmarks",
    "infer_prefix": ".signature.fields",
    "is_in_ipython_notebook_environment": ".dspy_names",
    "load": ".modules.saving",
    "load_settings": ".modules.saving",
    "parse_integer_answer": ".data.benchmarks",
    "parse_value": ".dspy_names",
    "precision_score": ".dspy_names",
    "pretty_print_history": ".lm.history",
    "resolve_interpreter_factory": ".tools.interpreters",
    "set_signature": ".dspy_names",
    "sync_send_to_stream": ".modules.streaming",
    "with_callbacks": ".execution.callbacks",
}
"""Names that only a path has, and where they are."""

_UNDER_OTHER_NAMES = {
    "__version__": ("..base.version", "VERSION"),
    "DspyGEPAResult": (".optimizers.gepa_result", "GEPAResult"),
    "GLOBAL_HISTORY": (".lm.history", "ALL"),
    "LM_CLASS_STATE_KEY": (".lm.base", "CLASS_IN_STATE"),
    "convert_input_schema_to_tool_args": (".tools.tool", "schema_parts"),
    "get_annotation_name": (".types.annotations", "type_name"),
    "is_url": (".types.loading", "is_http"),
    "run_async": (".execution.drive", "run_on_loop"),
    "serialize_for_json": (".values.rendering", "to_json_types"),
    "serialize_object": (".values.rendering", "to_json_types"),
    "set_attribute_by_name": (".modules.tree", "replace_at"),
}
"""Names that only a path has: where they are, and what they are called there."""

_OF_PATHS = {
    "utils.annotation.experimental": (".dspy_names", "experimental"),
    "datasets.Dataset": (".data.benchmarks", "SeededSplits"),
    "datasets.dataset.Dataset": (".data.benchmarks", "SeededSplits"),
}
"""What a path has under a name that is something else on the face, or one of its paths."""

_RENAMED = {
    "BaseModule": "Module",
    "DSPyError": "DspycError",
    "InterpreterError": "CodeInterpreterError",
    "LMNotConfiguredError": "NotConfiguredError",
}
"""What DSPy calls by another name."""


def find(name: str) -> Any:
    """A name of DSPy that the face does not list.

    Raises:
        AttributeError: there is none.
    """
    if name in _RENAMED:
        return getattr(sys.modules[_FACE], _RENAMED[name])
    if name in _MORE:
        return getattr(import_module(_MORE[name], _FACE), name)
    if name in _UNDER_OTHER_NAMES:
        home, there = _UNDER_OTHER_NAMES[name]
        return getattr(import_module(home, _FACE), there)
    raise AttributeError(name)


def is_path(name: str) -> bool:
    """Whether DSPy has a module of this name, from the face on: `teleprompt`, `utils.dummies`."""
    if name in PATHS:
        return True
    package, _, module = name.rpartition(".")
    return package in PATHS and module in PATHS[package].split()


class _Path(ModuleType):
    """One of DSPy's modules: the face's names, looked up when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        inner = f"{self.__name__}.{name}"
        if is_path(inner.removeprefix(f"{_FACE}.")):
            return import_module(inner)
        if (other := _OF_PATHS.get(inner.removeprefix(f"{_FACE}."))) is not None:
            return getattr(import_module(other[0], _FACE), other[1])
        face = sys.modules[_FACE]
        if name == "logger":
            import logging

            return logging.getLogger("dspyc")
        try:
            found = getattr(face, name)
        except AttributeError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        inside = PATHS.get(self.__name__.removeprefix(f"{_FACE}."), "").split()
        return sorted({*super().__dir__(), *inside, *dir(sys.modules[_FACE])})


class _Finder:
    """Makes the modules of the paths; it is asked after all others, so a real module of the name wins."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith(f"{_FACE}.") or not is_path(name := fullname.removeprefix(f"{_FACE}.")):
            return None
        return ModuleSpec(fullname, _Finder, is_package=name in PATHS)  # type: ignore[arg-type]  # it has what a loader needs

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        return _Path(spec.name, f"DSPy's `{spec.name.removeprefix(_FACE + '.')}`: names of `{_FACE}`.")

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """There is nothing to run: names are looked up later."""


def extend(name: str) -> None:
    """Let a package of the runtime that has the name of one of DSPy's hand on the face's names, too."""
    sys.modules[name].__class__ = _Path


def install() -> None:
    """Make the paths importable."""
    if _Finder not in sys.meta_path:
        sys.meta_path.append(_Finder)

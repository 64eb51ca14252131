"""Optimizers: what makes a program better by looking at data."""

from .avatar_optimizer import AvatarOptimizer
from .base import Candidates, Optimizer, Teleprompter
from .better_together import BetterTogether
from .bootstrap_few_shot import BootstrapFewShot
from .bootstrap_finetune import BootstrapFinetune
from .bootstrap_optuna import BootstrapFewShotWithOptuna
from .copro import COPRO
from .ensemble import Ensemble, EnsembledProgram
from .gepa import GEPA
from .infer_rules import InferRules
from .knn_few_shot import KNNFewShot
from .labeled_few_shot import LabeledFewShot
from .mipro import MIPROv2
from .random_search import BootstrapFewShotWithRandomSearch, BootstrapRS
from .rollouts import TraceData, bootstrap_trace_data
from .simba import SIMBA

__all__ = [
    "COPRO",
    "GEPA",
    "SIMBA",
    "AvatarOptimizer",
    "BetterTogether",
    "BootstrapFewShot",
    "BootstrapFewShotWithOptuna",
    "BootstrapFewShotWithRandomSearch",
    "BootstrapFinetune",
    "BootstrapRS",
    "Candidates",
    "Ensemble",
    "EnsembledProgram",
    "InferRules",
    "KNNFewShot",
    "LabeledFewShot",
    "MIPROv2",
    "Optimizer",
    "Teleprompter",
    "TraceData",
    "bootstrap_trace_data",
]

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
from .simba import SIMBA
from .trace_data import FailedPrediction, TraceData, bootstrap_trace_data

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
    "FailedPrediction",
    "InferRules",
    "KNNFewShot",
    "LabeledFewShot",
    "MIPROv2",
    "Optimizer",
    "Teleprompter",
    "TraceData",
    "bootstrap_trace_data",
]

"""The types of the language; what fits where, how types are written, and what their names mean.

`types.List`, `types.union(…)`: the model and its unions are used by this package's name.
"""

from __future__ import annotations

from .limits import NO_LIMITS as NO_LIMITS
from .limits import Limits as Limits
from .model import ANY as ANY
from .model import BOOL as BOOL
from .model import FLOAT as FLOAT
from .model import INT as INT
from .model import NEVER as NEVER
from .model import NONE as NONE
from .model import OPEN as OPEN
from .model import STR as STR
from .model import UNKNOWN as UNKNOWN
from .model import AnyModule as AnyModule
from .model import Anything as Anything
from .model import Builtin as Builtin
from .model import Callback as Callback
from .model import Class as Class
from .model import ClassDefinition as ClassDefinition
from .model import Dataset as Dataset
from .model import Dict as Dict
from .model import Enum as Enum
from .model import Field as Field
from .model import Fields as Fields
from .model import Function as Function
from .model import Instance as Instance
from .model import Interface as Interface
from .model import InterfaceShape as InterfaceShape
from .model import Iterable as Iterable
from .model import Lazily as Lazily
from .model import List as List
from .model import Literals as Literals
from .model import Module as Module
from .model import ModuleClass as ModuleClass
from .model import Never as Never
from .model import Nothing as Nothing
from .model import Overloaded as Overloaded
from .model import Parameter as Parameter
from .model import Prediction as Prediction
from .model import PythonModule as PythonModule
from .model import Record as Record
from .model import Set as Set
from .model import Signature as Signature
from .model import SignatureLike as SignatureLike
from .model import Tuple as Tuple
from .model import Type as Type
from .model import TypeForm as TypeForm
from .model import Union as Union
from .model import Unknown as Unknown
from .model import Value as Value
from .model import Variable as Variable
from .places import Place as Place
from .places import in_program as in_program
from .union import MOST_OPTIONS as MOST_OPTIONS
from .union import MOST_VALUES as MOST_VALUES
from .union import joined as joined
from .union import known as known
from .union import merged as merged
from .union import options as options
from .union import plain as plain
from .union import union as union
from .union import widened as widened

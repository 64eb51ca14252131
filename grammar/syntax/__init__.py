"""The abstract syntax: one frozen structure for each thing a `.dspy` file can say.

Spans count code points from the start of the *item* (the top-level declaration or import) that a node
belongs to, never from the start of the file: an item's text alone decides its nodes, so they are shared
between edits. `Item.start` places them; see `grammar.parse`.

A place where something is missing holds a `Missing` node, a missing name is an `Identifier` with an empty
text, so no attribute is ever absent because of a mistake.

The nodes are msgspec structures: they are made faster than dataclasses, and the garbage collector does not
look at them, which it need not, because a tree holds no cycles.
"""

from .declarations import (
    ConfigureDeclaration as ConfigureDeclaration,
)
from .declarations import (
    ConstantDeclaration as ConstantDeclaration,
)
from .declarations import (
    Declaration as Declaration,
)
from .declarations import (
    Demo as Demo,
)
from .declarations import (
    EnumDeclaration as EnumDeclaration,
)
from .declarations import (
    Field as Field,
)
from .declarations import (
    FileDocstring as FileDocstring,
)
from .declarations import (
    FromImport as FromImport,
)
from .declarations import (
    FunctionDeclaration as FunctionDeclaration,
)
from .declarations import (
    Import as Import,
)
from .declarations import (
    ImportedName as ImportedName,
)
from .declarations import (
    Member as Member,
)
from .declarations import (
    ModuleDeclaration as ModuleDeclaration,
)
from .declarations import (
    Part as Part,
)
from .declarations import (
    Removal as Removal,
)
from .declarations import (
    SignatureDeclaration as SignatureDeclaration,
)
from .declarations import (
    TestDeclaration as TestDeclaration,
)
from .declarations import (
    TypeAliasDeclaration as TypeAliasDeclaration,
)
from .declarations import (
    TypeDeclaration as TypeDeclaration,
)
from .declarations import (
    ValueDeclaration as ValueDeclaration,
)
from .expressions import (
    Argument as Argument,
)
from .expressions import (
    Attribute as Attribute,
)
from .expressions import (
    Binary as Binary,
)
from .expressions import (
    Boolean as Boolean,
)
from .expressions import (
    Call as Call,
)
from .expressions import (
    Comparison as Comparison,
)
from .expressions import (
    Comprehension as Comprehension,
)
from .expressions import (
    ComprehensionClause as ComprehensionClause,
)
from .expressions import (
    Conditional as Conditional,
)
from .expressions import (
    Constant as Constant,
)
from .expressions import (
    Dict as Dict,
)
from .expressions import (
    DictEntry as DictEntry,
)
from .expressions import (
    Expression as Expression,
)
from .expressions import (
    FString as FString,
)
from .expressions import (
    Interpolation as Interpolation,
)
from .expressions import (
    Lambda as Lambda,
)
from .expressions import (
    List as List,
)
from .expressions import (
    Missing as Missing,
)
from .expressions import (
    Name as Name,
)
from .expressions import (
    Parameter as Parameter,
)
from .expressions import (
    Set as Set,
)
from .expressions import (
    Slice as Slice,
)
from .expressions import (
    Starred as Starred,
)
from .expressions import (
    String as String,
)
from .expressions import (
    Subscript as Subscript,
)
from .expressions import (
    Tuple as Tuple,
)
from .expressions import (
    Unary as Unary,
)
from .node import Identifier as Identifier
from .node import Node as Node
from .node import parts_of as parts_of
from .patterns import (
    AsPattern as AsPattern,
)
from .patterns import (
    CapturePattern as CapturePattern,
)
from .patterns import (
    ClassPattern as ClassPattern,
)
from .patterns import (
    MappingPattern as MappingPattern,
)
from .patterns import (
    OrPattern as OrPattern,
)
from .patterns import (
    Pattern as Pattern,
)
from .patterns import (
    SequencePattern as SequencePattern,
)
from .patterns import (
    StarPattern as StarPattern,
)
from .patterns import (
    ValuePattern as ValuePattern,
)
from .statements import (
    AnnotatedAssign as AnnotatedAssign,
)
from .statements import (
    Assert as Assert,
)
from .statements import (
    Assign as Assign,
)
from .statements import (
    AugmentedAssign as AugmentedAssign,
)
from .statements import (
    Break as Break,
)
from .statements import (
    Case as Case,
)
from .statements import (
    Continue as Continue,
)
from .statements import (
    ExceptClause as ExceptClause,
)
from .statements import (
    ExpressionStatement as ExpressionStatement,
)
from .statements import (
    For as For,
)
from .statements import (
    If as If,
)
from .statements import (
    IfBranch as IfBranch,
)
from .statements import (
    Match as Match,
)
from .statements import (
    Pass as Pass,
)
from .statements import (
    Return as Return,
)
from .statements import (
    Statement as Statement,
)
from .statements import (
    Try as Try,
)

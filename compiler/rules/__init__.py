"""The rules: a folder for each family, each rule a function from an item of a program to findings.

To add one: write it, with its page as the docstring, and name it in `RULES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from ...base.diagnostic import Diagnostic, Label
from ...grammar import syntax
from ..program import Item, Program
from .bodies.asserts import assert_of_tuple
from .bodies.braces import missing_f
from .bodies.excepts import not_an_error
from .bodies.loops import outside_loop
from .bodies.returns import incomplete_return, missing_return, repeated_output, unknown_output, wrong_return
from .bodies.unreachable import unreachable_branch, unreachable_code
from .bodies.unused import unused_answer, unused_variable
from .bodies.without_effect import no_effect
from .calls.argument_types import out_of_limits, wrong_choice, wrong_type
from .calls.arguments import missing_argument, unknown_argument
from .calls.positions import positional_input, repeated_argument, spread_inputs, surplus_argument
from .data.evaluations import incomplete_evaluation, unmarked_inputs
from .data.files import missing_data, no_rows, unreadable_data
from .data.inputs import dataset_inputs
from .data.leaks import measured_on_training
from .data.rows import not_rows, wrong_row, wrong_row_value
from .data.scores import (
    fraction_for_percent,
    shared_state,
    unseeded_shuffle,
    wrong_row_function,
)
from .data.steps import different_columns, unknown_column, wrong_shares
from .fields.bases import removed_field_read, unknown_removed_field, wrong_base
from .fields.conditions import condition_of_another, impossible_condition, not_a_condition
from .fields.defaults import default_not_constant, wrong_default
from .fields.demos import incomplete_demo, unknown_demo_field, wrong_demo_value
from .fields.duplicate_field import duplicate_field
from .fields.hidden import added_field, hidden_field
from .fields.instructions import missing_instructions
from .fields.missing import missing_annotation, no_outputs
from .fields.reserved import hint_field, reserved_field
from .fields.values import duplicate_value, no_members
from .imports.targets import ambiguous_import, import_cycle, invalid_python, unknown_import, unknown_module
from .imports.unused_import import unused_import
from .loading.at_load import call_at_load
from .loading.prints import misplaced_print
from .loading.undeclared import undeclared_kind
from .models.budgets import budget_too_small
from .models.configured import misplaced_configure, second_configure
from .models.context import prompt_too_long
from .models.media import untaken_input
from .models.names import (
    missing_model,
    no_provider,
    not_a_language_model,
    unknown_model,
    unknown_provider,
    unknown_shipped_model,
    unlisted_model,
)
from .models.no_lm import no_lm
from .models.parts import part_setting
from .models.scripted import unknown_answer
from .models.settings import (
    answer_too_long,
    reasoning_settings,
    refused_setting,
    retired_model,
)
from .models.tools import no_function_calling
from .models.unused import unused_model
from .modules.construction import misplaced_module, not_constructed
from .modules.cycles import declaration_cycle, recursion
from .modules.kinds import not_a_part, reassigned_part, wrong_kind
from .modules.servers import server_address
from .modules.tools import duplicate_tool, undocumented_tool, untyped_tool
from .modules.untuned import own_reasoning, untuned_module
from .modules.unused import unused_input, unused_part
from .names.duplicate_declaration import duplicate_declaration
from .names.shadowing import shadowed_name
from .names.unbound_name import unbound_name
from .names.unknown_name import unknown_name
from .optimizing.amounts import search_length
from .optimizing.callbacks import function_shape, metric_field
from .optimizing.composed import not_an_optimizer, unknown_step
from .optimizing.finetuning import taught_by_itself, too_few_threads, training_setting, untrainable_model
from .optimizing.ignored import overridden_argument, teacher_setting, threshold_without_metric, unread_setting
from .optimizing.labels import missing_labels
from .optimizing.pointless import (
    bootstrapped_twice,
    learns_nothing,
    nothing_to_choose,
    unreachable_threshold,
)
from .optimizing.ready_made import ready_made_metric
from .optimizing.searches import search_size
from .optimizing.states import broken_state, stale_state
from .optimizing.structures import different_structure, several_models
from .optimizing.swapped import swapped_parameters
from .rule import FileRule, ItemLook, ItemRule, Rule
from .security.agents import unsafe_tool
from .security.code import code_execution
from .security.deception import look_alike_names
from .security.keys import key_in_source
from .testing.titles import duplicate_test, test_without_assert
from .types.not_a_type import not_a_type
from .types.type_arguments import literal_value, type_arguments
from .types.unknown_type import unknown_type
from .values.comparisons import (
    comparison_with_none,
    identity_of_literal,
    missing_comma,
    same_operands,
)
from .values.formats import wrong_format
from .values.impossible import impossible_comparison
from .values.mutation import mutation
from .values.operations import not_callable, not_iterable, wrong_operands
from .values.patterns import explosive_pattern, invalid_pattern
from .values.possibly_none import possibly_none
from .values.runaway import runaway_constant
from .values.subscripts import wrong_index
from .values.unknown_field import unknown_field
from .values.unpacking import empty_slice, wrong_unpacking
from .walking import nodes_by_class

RULES: tuple[Rule, ...] = (
    unknown_name,
    duplicate_declaration,
    duplicate_field,
    unknown_module,
    ambiguous_import,
    unknown_import,
    invalid_python,
    import_cycle,
    declaration_cycle,
    unknown_type,
    not_a_type,
    unbound_name,
    reassigned_part,
    literal_value,
    type_arguments,
    outside_loop,
    runaway_constant,
    unknown_field,
    unknown_argument,
    missing_argument,
    positional_input,
    surplus_argument,
    repeated_argument,
    spread_inputs,
    wrong_type,
    out_of_limits,
    wrong_choice,
    default_not_constant,
    wrong_default,
    incomplete_return,
    unknown_output,
    missing_return,
    wrong_return,
    reserved_field,
    hint_field,
    repeated_output,
    unknown_demo_field,
    wrong_demo_value,
    incomplete_demo,
    function_shape,
    metric_field,
    mutation,
    not_callable,
    not_iterable,
    wrong_operands,
    missing_annotation,
    no_outputs,
    invalid_pattern,
    unreachable_branch,
    impossible_comparison,
    identity_of_literal,
    assert_of_tuple,
    wrong_unpacking,
    hidden_field,
    added_field,
    duplicate_value,
    no_members,
    not_a_condition,
    condition_of_another,
    impossible_condition,
    wrong_index,
    wrong_format,
    wrong_base,
    unknown_removed_field,
    not_an_error,
    removed_field_read,
    possibly_none,
    no_lm,
    wrong_kind,
    not_a_part,
    recursion,
    call_at_load,
    undeclared_kind,
    misplaced_module,
    not_constructed,
    second_configure,
    no_provider,
    unknown_provider,
    unknown_shipped_model,
    not_a_language_model,
    reasoning_settings,
    refused_setting,
    answer_too_long,
    duplicate_tool,
    part_setting,
    server_address,
    budget_too_small,
    misplaced_configure,
    misplaced_print,
    dataset_inputs,
    incomplete_evaluation,
    unmarked_inputs,
    fraction_for_percent,
    swapped_parameters,
    shared_state,
    wrong_row_function,
    unreadable_data,
    no_rows,
    untrainable_model,
    too_few_threads,
    training_setting,
    different_structure,
    unknown_column,
    not_rows,
    different_columns,
    wrong_shares,
    wrong_row,
    wrong_row_value,
    missing_labels,
    unknown_step,
    not_an_optimizer,
    search_size,
    teacher_setting,
    threshold_without_metric,
    search_length,
    unused_import,
    unused_variable,
    unused_part,
    unused_input,
    unreachable_code,
    no_effect,
    comparison_with_none,
    same_operands,
    empty_slice,
    shadowed_name,
    duplicate_test,
    test_without_assert,
    unused_model,
    missing_comma,
    missing_f,
    undocumented_tool,
    untyped_tool,
    prompt_too_long,
    missing_instructions,
    own_reasoning,
    explosive_pattern,
    unused_answer,
    unknown_model,
    retired_model,
    unlisted_model,
    several_models,
    bootstrapped_twice,
    learns_nothing,
    nothing_to_choose,
    unreachable_threshold,
    missing_model,
    untuned_module,
    untaken_input,
    no_function_calling,
    unknown_answer,
    ready_made_metric,
    unread_setting,
    overridden_argument,
    look_alike_names,
    key_in_source,
    unsafe_tool,
    code_execution,
    unseeded_shuffle,
    measured_on_training,
    taught_by_itself,
    missing_data,
    stale_state,
    broken_state,
)
"""All rules, by their codes."""


Dispatch: TypeAlias = Mapping[type[syntax.Node], Sequence[ItemLook]]


def dispatch(rules: Iterable[Rule]) -> Dispatch:
    """The functions of the rules for items, by the classes of nodes that they look at."""
    found: dict[type[syntax.Node], list[ItemLook]] = {}
    for each in rules:
        if isinstance(each, ItemRule):
            for kind in each.on:
                found.setdefault(kind, []).append(each.look)
    return found


_BY_NODE = dispatch(RULES)
_OF_FILES = tuple(rule for rule in RULES if isinstance(rule, FileRule))


def check(program: Program) -> Iterator[Diagnostic]:
    """What the rules find in a program; the ranges count from the start of the file."""
    for item in program.items:
        yield from (_placed(program, found.shifted(item.start)) for found in check_item(program, item))
    yield from (_placed(program, found) for found in check_file(program))


def check_item(program: Program, item: Item) -> tuple[Diagnostic, ...]:
    """What the rules for items find in one; the ranges count from the item's start.

    It follows from the item and from what the rules ask the program by name, and may be remembered with
    these. Labels in other items name the file, and count from its start.
    """
    return tuple(look(program, item, _BY_NODE))


def look(program: Program, item: Item, rules: Dispatch) -> list[Diagnostic]:
    """What some rules find in an item, in one walk over its nodes.

    A declaration that could not be parsed whole is passed over: what seems wrong in it may only be
    unfinished. Where it has a mistake, what seems to be unused or never reached is not mentioned: it may come
    of that.
    """
    found: list[Diagnostic] = []
    if item.broken or item.declaration is None:
        return found
    for kind, nodes in nodes_by_class(item).items():
        for each in rules.get(kind, ()):
            for node in nodes:
                found += each(program, item, node)
    if found and any(each.severity == "error" or each.code == missing_f.code for each in found):
        found = [each for each in found if each.code not in _UNUSED]
    if len(found) > 1:
        codes = {each.code for each in found}
        found = [each for each in found if _FOLLOWS.get(each.code, _NOTHING).isdisjoint(codes)]
    return found


_NOTHING: frozenset[str] = frozenset()
_FOLLOWS: Mapping[str, frozenset[str]] = {
    unbound_name.code: frozenset(
        each.code for each in (unknown_name, unknown_field, impossible_comparison, unreachable_branch)
    ),
    possibly_none.code: frozenset((unknown_name.code, unknown_field.code)),
    wrong_operands.code: frozenset((unknown_argument.code,)),
    incomplete_evaluation.code: frozenset((unknown_argument.code,)),
    call_at_load.code: frozenset((unknown_name.code,)),
}
"""What is not told of an item in which there is one of these: a test that is wrong decides about branches,
and an unknown name about what may stand around it.
"""

_UNUSED = frozenset(
    each.code
    for each in (unused_variable, unused_part, unused_input, no_effect, unused_answer, unreachable_code)
)


_ALONE = frozenset((ready_made_metric.code,))
"""What is told only where nothing else is wrong in the file: it takes the rest to be right."""


def without_guesses(found: list[Diagnostic]) -> list[Diagnostic]:
    """The findings of a file without those that are told only alone, where there are others."""
    if any(each.code in _ALONE for each in found) and any(
        each.code not in _ALONE and each.severity != "info" for each in found
    ):
        return [each for each in found if each.code not in _ALONE]
    return found


def check_file(program: Program) -> Iterator[Diagnostic]:
    """What the rules for files find in a program."""
    for each in _OF_FILES:
        yield from each.look(program)


def _placed(program: Program, found: Diagnostic) -> Diagnostic:
    """The finding with labels that name no file where it is the program's own."""
    if all(label.path != program.path for label in found.labels):
        return found
    labels = (Label(each.span, each.message) if each.path == program.path else each for each in found.labels)
    return replace(found, labels=tuple(labels))

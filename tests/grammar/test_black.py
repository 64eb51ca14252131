"""Statements that Python has too are laid out as black lays them out, at our width."""
# ruff: noqa: E501

from __future__ import annotations

import random

import black
import pytest

from dspyc.grammar.formatting.format import format_source
from dspyc.grammar.formatting.measuring import LINE_LENGTH
from support.random_statements import statement as random_statement

MODE = black.Mode(line_length=LINE_LENGTH, target_versions={black.TargetVersion.PY311})

# The long names make lines that are too long at some places and not at others.
STATEMENTS = [
    # return, and what is in brackets already
    "return first_condition_of_the_answer and second_condition_of_the_answer and third_condition_of_answers",
    "return first_condition_of_the_answer(left) and second_condition(right) or third_condition_of_answers(x)",
    "return (short)",
    "return ((short))",
    "return (short, pair)",
    "return short, pair",
    "return first_value_of_the_answer_that_is_long, second_value_of_the_answer_that_is_long, third_value",
    "return (first_value_of_the_answer_that_is_long + second_value_of_the_answer_that_is_long + third_value)",
    "return some_function_with_a_name(argument_number_one, argument_number_two)[index_of_the_item_to_take].x",
    "return not some_function_with_a_long_name(argument_number_one, argument_number_two, argument_three)",
    "return [transform(item, with_some_setting=True) for item in items_of_the_answer if is_good(item, now)]",
    "return {name: transform(value, with_some_setting=True) for name, value in items_of_the_answer.items()}",
    "return sum(transform(item, with_some_setting=True) for item in items_of_the_answer if is_good(item, no))",
    "return first_value_of_the_answer if the_condition_holds_for(answer) else second_value_of_the_answer_x",
    "return call(first_value_of_the_answer if the_condition_holds_for(answer) else second_value_of_answers)",
    "return call(key=first_value_of_the_answer if the_condition_holds(answer) else second_value_of_answers)",
    "return [first_value_of_the_answer_that_is_long, second_value_of_the_answer_that_is_long, third_value_x]",
    "return []",
    # assert
    "assert abs(first_value_of_the_answer_that_is_long - second_value_of_the_answer_that_is_long) <= tolerance",
    "assert abs(prediction.amount - example.amount_that_was_given) <= tolerance_of_the_comparison_of_amounts",
    'assert pred.answer == example.answer, "the answer must be the one that stands in the labelled data set"',
    'assert pred.answer_of_the_first_question == example.answer_of_the_first_question, "the answer must be that"',
    'assert len(pred.answer.split(" ")) <= limit_of_words, f"{len(pred.answer)} words are more than {limit_of_w}"',
    "assert first_condition_of_the_answer, message_for_the_user_when_the_condition_does_not_hold(this_case)",
    "assert isinstance(value, kinds), (first_part_of_the_message + second_part_of_the_message + third_part_x)",
    "assert (short)",
    "assert (short), (message)",
    "assert some_function_with_a_name(argument_number_one, argument_number_two) in [value_one, value_two_x]",
    # assignments
    "answer = first_value_of_the_answer_that_is_long + second_value_of_the_answer_that_is_long * third_value",
    "answer = first_value_of_the_answer_that_is_long - (second_value_of_the_answer_that_is_long - third_value)",
    "answer = some_function_with_a_long_name(argument_number_one, argument_number_two, key=argument_three_x)",
    "answer = some_function_with_a_long_name(some_other_function(argument_number_one), argument_number_two_xx)",
    "answer = some_function(first)(argument_number_one, argument_number_two)(argument_number_three, four, five)",
    "answer: list[str] = some_function_with_a_long_name(argument_number_one, argument_number_two_of_the_call)",
    "answer: str | None = first_value_of_the_answer_that_is_long or second_value_of_the_answer_that_is_long_x",
    "answer += first_value_of_the_answer_that_is_long + second_value_of_the_answer_that_is_long + third_value",
    "answer = first_value_of_the_answer_that_is_long == second_value_of_the_answer_that_is_long_and_longer_x",
    "answer = first_value_of_the_answer_that_is_long == second_value(of_the_answer_that_is_long_and_longer_x)",
    "answer = (1)",
    "answer = (1, 2)",
    "answer = 1,",
    "answer = 1, 2, 3",
    "answer = ()",
    "first, second = some_function_with_a_long_name(argument_number_one, argument_number_two_of_the_call, x)",
    "(first, second) = values",
    "first_name_of_the_answer, second_name_of_the_answer, third_name_of_the_answer, fourth_name_of_it = values",
    "answer = some_function_with_a_long_name_that_goes_on(argument_number_one)[index_of_the_item_to_take_x_y]",
    "answer = some.attribute.of_an_object.that_is.quite_long.and_has.many_names.in_it.so_that_it.is_too_long",
    "answer = rows.filter(is_good).map(to_example).shuffle(seed=0).take(number_of_examples).skip(other_number)",
    "answer = rows.filter(is_good).take(number_of_examples_that_are_taken_from_the_rows_of_the_data_set_x_y_z)",
    "answer = some_function(rows).filter(is_good).map(to_example).shuffle(seed=0).take(number_of_examples_xx)",
    'answer = "{} and {} and {} and {}".format(first_value_of_the_answer, second_value_of_the_answer, third_x)',
    'answer = "a very long text that nobody can break since it is a text, a very long text that nobody can bre"',
    "answer = not (first_condition_of_the_answer and second_condition_of_the_answer and third_condition_of_x)",
    "answer = call(lambda first_parameter, second_parameter: first_parameter.value_of_it + second_parameter.v)",
    "answer = sorted(rows_of_the_answer, key=lambda row: (row.score_of_the_row, row.name_of_the_row), reverse=True)",
    "answer = values_of_the_answer[first_index_of_the_values : second_index_of_the_values : third_index_of_x]",
    "answer = first_value_of_the_answer if condition else second_value_of_the_answer if other else third_value",
    "answer = {'first': some_value_of_the_answer, 'second': another_value_of_the_answer, 'third': third_value_x}",
    "answer = [[first_value_of_the_answer, second_value], [third_value_of_the_answer, fourth_value_of_the_answer]]",
    "answer = first_value_of_the_answer_in_the_list not in second_value_of_the_answer_that_is_a_very_long_list",
    "answer = first_value_of_the_answer_in_the_list is not second_value_of_the_answer_that_is_a_very_long_list",
    "answer = some_function(*argument_number_one, **argument_number_two, key=argument_three, other=argument_4)",
    "answer = call(first_argument_of_the_call + second_argument_of_the_call + third_argument_of_the_call_xyz_)",
    "answer = call(first_argument_of_the_call and second_argument_of_the_call, third_argument_of_the_call_xyz_)",
    "answer = some_function_name(argument)(other_argument_that_is_long_enough_to_make_the_line_far_too_long__x)",
    # commas at the end
    "answer = [1, 2,]",
    "answer = call(first, second,)",
    "answer = call(first,)",
    "answer = (1,)",
    "answer = values[1,]",
    "answer = {'a': 1,}",
    "answer = call(inner(1, 2,), 3)",
    "answer = Literal['a', 'b',]",
    # statements
    "call(first_argument_of_the_call, second_argument_of_the_call)(third_argument_of_the_call, fourth_argumen)",
    "print(f'the answer of the first question is {answer_of_the_first_question}', answer_of_the_second_questn)",
    # spaces
    "answer=a+b*c-d//e%f",
    "answer = a if b else(c)",
    "answer = -a ** -b",
    "answer = a**b + c.d**2 + f(x)**2 + x[0]**y + 5 ** f(x)",
    "answer = values[a:b], values[a+1:], values[::2], values[f(x):g(x)], values[-1:], values[a : b, c+1 : d]",
    "answer = call(* args, ** kwargs, key = value)",
    "answer = call(lambda x, y = 1 : x)",
    "answer = not(a)",
    "answer = a<b<=c!=d",
    "answer = {**a, 'b' :c}",
    "answer = a[b] (c) . d",
    # texts and numbers
    "answer = 'single'",
    "answer = 'with \"double\" quotes'",
    "answer = 'it\\'s'",
    'answer = "say \\"it\\""',
    "answer = '\\'mixed\\' and \"double\"'",
    "answer = f'{name} and {other}'",
    "answer = f'{name!r:>10} \"x\"'",
    "answer = f'{names[\"key\"]}'",
    "answer = R'raw\\d' + r'raw' + F'{x}'",
    "answer = '''three\nlines\n'''",
    'answer = call("""three\nlines\n""", other)',
    'answer = call("""three\nlines\n""")',
    "answer = 0XFF + 0xabcdef + 1E5 + 1.5E-10 + 1_000 + 0B101 + 0O17 + 1. + .5 + 10E+3",
    # comments inside brackets
    "answer = [\n    1,  # one\n    2,\n]",
    "answer = call(\n    # above\n    first,\n    second,  # behind\n    # below\n)",
    "answer = (\n    # above\n    first\n    # between\n    + second  # behind\n)",
    "return (\n    first_condition  # why\n    and second_condition\n    # because\n    or third_condition\n)",
]

BLOCKS = [
    "if first_condition_of_the_answer(left) and second_condition_of_the_answer(right) or third_condition_x(y):",
    "if (short):",
    "if some_function_with_a_long_name(argument_number_one, argument_number_two_of_the_call) == value_to_comp:",
    "if first_value_of_the_answer in [first_value_of_the_list, second_value_of_the_list, third_value_of_list]:",
    "if not (first_condition_of_the_answer(left) and second_condition_of_the_answer(right) and third_cond_(y)):",
    "if first_condition_of_the_answer_to_the_question(left) and second_condition_of_the_answer(right, other_x):",
    "for (first, second) in values:",
    "for first, second in some_function_with_a_long_name(argument_number_one, argument_number_two_of_the_call):",
    "for item in first_values_of_the_answer_that_is_long + second_values_of_the_answer_that_is_long + third_:",
    "for item in (values):",
    "for item in [first_value_of_the_answer_that_is_long, second_value_of_the_answer_that_is_long, third_val]:",
]

DEFINITIONS = [
    "def call(first: str, second: int = 5, third: list[str] | None = None, fourth: dict[str, int] = None) -> bool:",
    "def call(first_parameter_of_the_function: str, second_parameter_of_the_function: int, third: int = 5) -> bool:",
    "def call(first_parameter_of_the_function: dict[str, list[int]] | list[dict[str, list[int]]] | None_) -> bool:",
    "def call(a,) -> bool:",
    "def call() -> dict[str, list[int]] | list[dict[str, list[int]]] | str | None_of_a_long_type_and_longer_type:",
    "def call(a: int) -> dict[str, list[int]] | list[dict[str, list[int]]] | str | None_of_a_long_type_and_longer:",
]


def ours(text: str) -> str:
    formatted = format_source(text)
    assert format_source(formatted) == formatted
    return formatted


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_is_laid_out_as_by_black(statement: str) -> None:
    text = "def f(x: int) -> int:\n" + "".join(f"    {line}\n" for line in statement.split("\n"))
    assert ours(text) == black.format_str(text, mode=MODE)


@pytest.mark.parametrize("head", BLOCKS)
def test_the_head_of_a_block_is_laid_out_as_by_black(head: str) -> None:
    text = f"def f(x: int) -> int:\n    {head}\n        return x\n    return x\n"
    assert ours(text) == black.format_str(text, mode=MODE)


@pytest.mark.parametrize("head", DEFINITIONS)
def test_the_head_of_a_function_is_laid_out_as_by_black(head: str) -> None:
    text = f"{head}\n    return x\n"
    assert ours(text) == black.format_str(text, mode=MODE)


@pytest.mark.parametrize("seed", range(20))
def test_random_statements_are_laid_out_as_by_black(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        text = f"def f(x: int) -> int:\n    {random_statement(chance)}\n"
        assert ours(text) == black.format_str(text, mode=MODE)

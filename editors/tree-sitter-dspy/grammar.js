// The syntax of dspyc for tree-sitter. It follows `grammar/dspy.lark`, rule by rule; what the words and
// operators are is read from `words.json`, which `generate.py` writes from the compiler's own tables. A test
// parses every program of the repository with both.

const words = require("./words.json");

// How tightly operators bind, loosest first.
const PREC = {
  lambda: -2,
  conditional: -1,
  or: 10,
  and: 11,
  not: 12,
  compare: 13,
  bitor: 14,
  bitxor: 15,
  bitand: 16,
  shift: 17,
  sum: 18,
  product: 19,
  unary: 20,
  power: 21,
  call: 22,
};

const commaSep1 = (rule) => seq(rule, repeat(seq(",", rule)));
const trailing = (rule) => seq(commaSep1(rule), optional(","));

module.exports = grammar({
  name: "dspy",

  // Blanks, line ends inside of brackets, and comments.
  extras: ($) => [$.comment, /[\s\f\uFEFF]|\r?\n/],

  externals: ($) => [
    $._newline,
    $._indent,
    $._dedent,
    $._continued, // the end of a line whose description stands on the next, deeper line
    $.string_start,
    $._string_content,
    $.escape_sequence,
    $.string_end,
    $._suggest, // `suggest` where it is no name
    // Never made by the scanner; where one is valid, a bracket is open.
    ")",
    "]",
    "}",
  ],

  word: ($) => $.identifier,

  supertypes: ($) => [
    $._declaration,
    $._simple_statement,
    $._compound_statement,
    $.expression,
    $.disjunction,
    $.primary_expression,
    $.pattern,
  ],

  inline: ($) => [$._name, $._text_line],

  conflicts: ($) => [
    [$.match_statement, $.soft_keyword],
    [$.tuple, $._target],
    [$.primary_expression, $._target],
    [$.list, $._target],
    [$.list, $.target_list],
    [$.tuple, $.target_tuple],
  ],

  rules: {
    source_file: ($) => repeat($._item),

    _item: ($) => choice($.docstring, $._declaration),

    // --- the head of a file

    docstring: ($) => $._text_line,
    _text_line: ($) => seq($.string, $._newline),

    from_import: ($) =>
      seq(
        "from",
        field("source", $.import_source),
        "import",
        choice(commaSep1($.imported_name), seq("(", trailing($.imported_name), ")")),
        $._newline,
      ),
    import: ($) => seq("import", field("source", $.dotted_name), optional($._alias), $._newline),
    import_source: ($) => choice($.dots, $.dotted_name, seq($.dots, $.dotted_name)),
    dots: (_) => repeat1(choice(".", "...")),
    dotted_name: ($) => prec.left(seq($._name, repeat(seq(".", $._name)))),
    imported_name: ($) => seq(field("name", $._name), optional($._alias)),
    _alias: ($) => seq("as", field("alias", $._name)),

    // --- declarations

    _declaration: ($) =>
      choice(
        $.from_import,
        $.import,
        $.value_declaration,
        $.alias_declaration,
        $.type_declaration,
        $.enum_declaration,
        $.signature_declaration,
        $.module_declaration,
        $.function_declaration,
        $.test_declaration,
        $.constant_declaration,
        $.configure_declaration,
      ),

    value_declaration: ($) =>
      choice(
        seq(
          field("kind", $.value_kind),
          commaSep1(field("name", $._name)),
          "=",
          field("value", $.expression),
          $._newline,
        ),
        seq(
          field("kind", choice("module", "signature")),
          field("name", $._name),
          "=",
          field("value", $.expression),
          $._newline,
        ),
      ),
    value_kind: (_) => choice(...words.groups.KIND),
    alias_declaration: ($) =>
      seq("type", field("name", $._name), "=", field("value", $.expression), $._newline),
    constant_declaration: ($) =>
      seq(
        field("name", $._name),
        optional(seq(":", field("type", $.type))),
        "=",
        field("value", $._expressions),
        $._newline,
      ),
    configure_declaration: ($) => seq("configure", field("arguments", $.argument_list), $._newline),

    type_declaration: ($) =>
      seq("type", field("name", $._name), optional($._base), ":", field("body", $.type_body)),
    enum_declaration: ($) => seq("enum", field("name", $._name), ":", field("body", $.enum_body)),
    signature_declaration: ($) =>
      seq("signature", field("name", $._name), optional($._base), ":", field("body", $.signature_body)),
    module_declaration: ($) =>
      seq(
        "module",
        field("name", $._name),
        optional(field("parameters", $.parameters)),
        ":",
        field("body", $.module_body),
      ),
    _base: ($) => seq("(", field("base", $._expressions), ")"),

    type_body: ($) => body($, choice($.documentation, $.attribute, $.removal)),
    enum_body: ($) => body($, choice($.documentation, $.member)),
    signature_body: ($) => body($, choice($.documentation, $.field, $.demo, $.removal)),
    module_body: ($) => body($, choice($.documentation, $.field, $.part, $.forward, $.fallback)),

    documentation: ($) => $._text_line,
    attribute: ($) => seq(field("name", $._name), ":", field("type", $.type), $._field_tail),
    field: ($) =>
      seq(
        field("direction", $.direction),
        field("name", $._name),
        optional(seq(":", field("type", $.type))),
        optional($._field_tail_parts),
        $._newline,
      ),
    direction: (_) => choice(...words.groups.DIRECTION),
    _field_tail: ($) => seq(optional($._field_tail_parts), $._newline),
    _field_tail_parts: ($) =>
      choice(
        seq($._default, optional($.where), optional($._description)),
        seq($.where, optional($._description)),
        $._description,
      ),
    _default: ($) => seq("=", field("default", $.expression)),
    where: ($) => seq("where", field("condition", $.expression), optional(seq(",", field("message", $.string)))),
    _description: ($) => seq(optional($._continued), field("description", $.string)),
    removal: ($) => seq("del", commaSep1(field("name", $._name)), $._newline),
    demo: ($) =>
      seq("demo", choice(commaSep1($.keyword_argument), seq("(", trailing($.keyword_argument), ")")), $._newline),
    member: ($) => seq(field("name", $._name), optional($._default), optional($._description), $._newline),
    part: ($) => seq(field("name", $._name), "=", field("value", $.expression), $._newline),
    forward: ($) => seq("forward", ":", field("body", $._suite)),
    fallback: ($) => seq("fallback", ":", field("body", $._suite)),

    function_declaration: ($) =>
      seq(
        "def",
        field("name", $._name),
        field("parameters", $.parameters),
        optional(seq("->", field("returns", $.type))),
        ":",
        field("body", $._suite),
      ),
    parameters: ($) => seq("(", optional(trailing(choice($.parameter, $.star))), ")"),
    parameter: ($) =>
      seq(
        field("name", $._name),
        optional(seq(":", field("type", $.type))),
        optional($._default),
      ),
    star: (_) => "*",
    test_declaration: ($) => seq("test", field("title", $.string), ":", field("body", $._suite)),

    // --- statements

    _suite: ($) => choice($.block, alias($._one_line, $.block)),
    block: ($) => body($, $._statement),
    _one_line: ($) => seq($._simple_statement, $._newline),

    _statement: ($) => choice(seq($._simple_statement, $._newline), $._compound_statement),
    _compound_statement: ($) => choice($.if_statement, $.for_statement, $.match_statement, $.try_statement),
    _simple_statement: ($) =>
      choice(
        $.assignment,
        $.annotated_assignment,
        $.augmented_assignment,
        $.return_statement,
        $.assert_statement,
        $.suggest_statement,
        $.break_statement,
        $.continue_statement,
        $.pass_statement,
        $.expression_statement,
      ),

    assignment: ($) => seq(field("left", $._expressions), "=", field("right", $._expressions)),
    annotated_assignment: ($) =>
      seq(field("left", $._name), ":", field("type", $.type), "=", field("right", $._expressions)),
    augmented_assignment: ($) =>
      seq(
        field("left", $._expressions),
        field("operator", choice(...words.groups.AUGMENTED)),
        field("right", $._expressions),
      ),
    expression_statement: ($) => $._expressions,
    return_statement: ($) =>
      seq(
        "return",
        optional(
          choice(
            $._expressions,
            $.outputs,
            seq("(", alias($._trailing_outputs, $.outputs), ")"),
          ),
        ),
      ),
    outputs: ($) => commaSep1($._output),
    _trailing_outputs: ($) => trailing($._output),
    _output: ($) => choice($.keyword_argument, $.dictionary_splat),
    assert_statement: ($) =>
      seq("assert", field("condition", $.expression), optional(seq(",", field("message", $.expression)))),
    suggest_statement: ($) =>
      seq(
        alias($._suggest, "suggest"),
        field("condition", $.expression),
        optional(seq(",", field("message", $.expression))),
      ),
    break_statement: (_) => "break",
    continue_statement: (_) => "continue",
    pass_statement: (_) => "pass",

    if_statement: ($) =>
      seq(
        "if",
        field("condition", $.expression),
        ":",
        field("consequence", $._suite),
        repeat(field("alternative", $.elif_clause)),
        optional(field("alternative", $.else_clause)),
      ),
    elif_clause: ($) => seq("elif", field("condition", $.expression), ":", field("consequence", $._suite)),
    else_clause: ($) => seq("else", ":", field("body", $._suite)),
    for_statement: ($) =>
      seq("for", field("left", $._targets), "in", field("right", $._expressions), ":", field("body", $._suite)),
    match_statement: ($) =>
      prec.dynamic(
        2,
        seq("match", field("subject", $._expressions), ":", $._newline, $._indent, repeat1($.case_clause), $._dedent),
      ),
    case_clause: ($) =>
      seq(
        "case",
        field("pattern", $._patterns),
        optional(seq("if", field("guard", $.expression))),
        ":",
        field("body", $._suite),
      ),
    try_statement: ($) => seq("try", ":", field("body", $._suite), repeat($.except_clause)),
    except_clause: ($) =>
      seq(
        "except",
        optional(seq(field("error", $.expression), optional($._alias))),
        ":",
        field("body", $._suite),
      ),

    _targets: ($) =>
      choice($._target, alias(seq($._target, ","), $.target_tuple), alias(seq($._target, repeat1(seq(",", $._target)), optional(",")), $.target_tuple)),
    _target: ($) => choice($._name, alias($._target_group, $.target_tuple), $.target_list, $.target_star),
    target_tuple: ($) => $._target_group,
    _target_group: ($) => seq("(", $._targets, ")"),
    target_list: ($) => seq("[", $._targets, "]"),
    target_star: ($) => seq("*", $._target),

    // --- patterns

    _patterns: ($) => choice($._as_pattern_or_less, alias($._open_sequence, $.sequence_pattern)),
    _open_sequence: ($) =>
      choice(
        seq($._sequence_element, ","),
        seq($._sequence_element, repeat1(seq(",", $._sequence_element)), optional(",")),
      ),
    _sequence_element: ($) => choice($._as_pattern_or_less, $.star_pattern),
    star_pattern: ($) => seq("*", $._name),
    _as_pattern_or_less: ($) => choice($.pattern, $.or_pattern, $.as_pattern),
    as_pattern: ($) => seq(choice($.pattern, $.or_pattern), "as", field("name", $._name)),
    or_pattern: ($) => seq($.pattern, repeat1(seq("|", $.pattern))),
    pattern: ($) =>
      choice(
        $.literal_pattern,
        $.name_pattern,
        $.class_pattern,
        $.sequence_pattern,
        $.group_pattern,
        $.mapping_pattern,
      ),
    literal_pattern: ($) =>
      choice(seq(choice(...words.groups.SIGN), $._number), $._number, $.string, $._constant_word),
    name_pattern: ($) => $.dotted_name,
    class_pattern: ($) =>
      seq(
        field("class", $.dotted_name),
        "(",
        optional(trailing(choice($._as_pattern_or_less, $.keyword_pattern))),
        ")",
      ),
    keyword_pattern: ($) => seq(field("name", $._name), "=", $._as_pattern_or_less),
    sequence_pattern: ($) =>
      choice(
        seq("[", optional(trailing($._sequence_element)), "]"),
        seq("(", ")"),
        seq("(", $._open_sequence, ")"),
      ),
    group_pattern: ($) => seq("(", $._as_pattern_or_less, ")"),
    mapping_pattern: ($) =>
      seq("{", optional(trailing(choice($.mapping_entry, $.mapping_rest))), "}"),
    mapping_entry: ($) => seq(choice($.literal_pattern, $.name_pattern), ":", $._as_pattern_or_less),
    mapping_rest: ($) => seq("**", $._name),

    // --- expressions

    _expressions: ($) => choice($.expression, alias($._open_tuple, $.tuple)),
    _open_tuple: ($) =>
      choice(
        seq($._star_expression, ","),
        seq($._star_expression, repeat1(seq(",", $._star_expression)), optional(",")),
      ),
    _star_expression: ($) => choice($.expression, $.starred),
    starred: ($) => seq("*", $.primary_expression),

    expression: ($) =>
      choice($.disjunction, $.conditional_expression, $.lambda),
    disjunction: ($) =>
      choice($.comparison, $.not_expression, $.boolean_expression, $.primary_expression),
    conditional_expression: ($) =>
      prec.right(
        PREC.conditional,
        seq(field("value", $.disjunction), "if", field("condition", $.disjunction), "else", field("otherwise", $.expression)),
      ),
    lambda: ($) =>
      prec(
        PREC.lambda,
        seq("lambda", optional(field("parameters", $.lambda_parameters)), ":", field("body", $.expression)),
      ),
    lambda_parameters: ($) => trailing(alias($._lambda_parameter, $.parameter)),
    _lambda_parameter: ($) => seq(field("name", $._name), optional($._default)),
    boolean_expression: ($) =>
      choice(
        prec.left(PREC.and, seq(field("left", $.disjunction), "and", field("right", $.disjunction))),
        prec.left(PREC.or, seq(field("left", $.disjunction), "or", field("right", $.disjunction))),
      ),
    not_expression: ($) => prec(PREC.not, seq("not", field("value", $.disjunction))),
    comparison: ($) =>
      prec.left(PREC.compare, seq($.primary_expression, repeat1(seq($._comparator, $.primary_expression)))),
    _comparator: ($) =>
      choice(...words.groups.COMPARE, "in", alias(seq("not", "in"), $.not_in), "is", alias(seq("is", "not"), $.is_not)),

    type: ($) => $.primary_expression,
    primary_expression: ($) =>
      choice(
        $._name,
        $._number,
        $.string,
        $._constant_word,
        $.ellipsis,
        $.binary_expression,
        $.unary_expression,
        $.attribute_access,
        $.subscript,
        $.call,
        $.parenthesized_expression,
        $.tuple,
        $.list,
        $.dictionary,
        $.set,
        $.list_comprehension,
        $.dictionary_comprehension,
        $.set_comprehension,
        $.generator_expression,
      ),
    binary_expression: ($) => {
      const left = [
        [["|"], PREC.bitor],
        [["^"], PREC.bitxor],
        [["&"], PREC.bitand],
        [words.groups.SHIFT, PREC.shift],
        [words.groups.SIGN, PREC.sum],
        [["*", ...words.groups.DIVISION], PREC.product],
      ].map(([operators, precedence]) =>
        prec.left(
          precedence,
          seq(
            field("left", $.primary_expression),
            field("operator", choice(...operators)),
            field("right", $.primary_expression),
          ),
        ),
      );
      const power = prec.right(
        PREC.power,
        seq(field("left", $.primary_expression), field("operator", "**"), field("right", $.primary_expression)),
      );
      return choice(...left, power);
    },
    unary_expression: ($) =>
      prec(PREC.unary, seq(field("operator", choice(...words.groups.SIGN, "~")), field("value", $.primary_expression))),
    attribute_access: ($) =>
      prec(PREC.call, seq(field("value", $.primary_expression), ".", field("name", $._name))),
    call: ($) =>
      prec(PREC.call, seq(field("function", $.primary_expression), field("arguments", $.argument_list))),
    argument_list: ($) =>
      seq(
        "(",
        optional(
          trailing(
            choice(
              $.expression,
              alias($._bare_generator, $.generator_expression),
              $.keyword_argument,
              $.list_splat,
              $.dictionary_splat,
            ),
          ),
        ),
        ")",
      ),
    _bare_generator: ($) => seq($.expression, repeat1($.comprehension_clause)),
    keyword_argument: ($) => seq(field("name", $._name), "=", field("value", $.expression)),
    list_splat: ($) => seq("*", $.expression),
    dictionary_splat: ($) => seq("**", $.expression),
    subscript: ($) =>
      prec(PREC.call, seq(field("value", $.primary_expression), "[", trailing(field("index", choice($.expression, $.slice))), "]")),
    slice: ($) =>
      seq(optional($.expression), ":", optional($.expression), optional(seq(":", optional($.expression)))),

    parenthesized_expression: ($) => seq("(", choice($.expression, $.starred), ")"),
    tuple: ($) => seq("(", optional($._open_tuple), ")"),
    list: ($) => seq("[", optional(trailing($._star_expression)), "]"),
    set: ($) => seq("{", trailing($._star_expression), "}"),
    dictionary: ($) => seq("{", optional(trailing(choice($.pair, alias($._spread, $.dictionary_splat)))), "}"),
    pair: ($) => seq(field("key", $.expression), ":", field("value", $.expression)),
    _spread: ($) => seq("**", $.primary_expression),
    list_comprehension: ($) => seq("[", $.expression, repeat1($.comprehension_clause), "]"),
    set_comprehension: ($) => seq("{", $.expression, repeat1($.comprehension_clause), "}"),
    dictionary_comprehension: ($) => seq("{", $.pair, repeat1($.comprehension_clause), "}"),
    generator_expression: ($) => seq("(", $.expression, repeat1($.comprehension_clause), ")"),
    comprehension_clause: ($) =>
      prec.right(
        seq(
          "for",
          field("left", $._targets),
          "in",
          field("right", $.disjunction),
          repeat(seq("if", field("condition", $.disjunction))),
        ),
      ),

    // --- strings

    string: ($) =>
      seq($.string_start, repeat(choice($.escape_sequence, $.string_content, $.interpolation)), $.string_end),
    string_content: ($) => prec.right(repeat1($._string_content)),
    interpolation: ($) =>
      seq(
        "{",
        field("value", $._expressions),
        optional("="),
        optional($.conversion),
        optional($.format),
        "}",
      ),
    conversion: (_) => /![a-z]/,
    format: ($) => seq(":", repeat(choice($.format_text, $.interpolation))),
    format_text: (_) => token.immediate(prec(1, /[^{}\n"']+/)),

    // --- names, numbers, words

    _name: ($) => choice($.identifier, alias($.soft_keyword, $.identifier)),
    soft_keyword: (_) => choice(...words.soft),
    identifier: (_) => /[_\p{XID_Start}][_\p{XID_Continue}]*/,
    _constant_word: ($) => choice($.true, $.false, $.none),
    true: (_) => "True",
    false: (_) => "False",
    none: (_) => "None",
    ellipsis: (_) => "...",
    _number: ($) => choice($.integer, $.float),
    integer: (_) =>
      token(choice(/0[xX](_?[0-9a-fA-F])+/, /0[bB](_?[01])+/, /0[oO](_?[0-7])+/, /[0-9](_?[0-9])*/)),
    float: (_) => {
      const digits = /[0-9](_?[0-9])*/;
      const exponent = /[eE][+-]?[0-9](_?[0-9])*/;
      return token(
        choice(
          seq(digits, ".", optional(digits), optional(exponent)),
          seq(optional(digits), ".", digits, optional(exponent)),
          seq(digits, exponent),
        ),
      );
    },
    comment: (_) => token(seq("#", /[^\r\n]*/)),
  },
});

/** An indented block of lines. */
function body($, line) {
  return seq($._newline, $._indent, repeat1(line), $._dedent);
}

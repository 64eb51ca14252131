; Colours, by the capture names of Neovim. Where several fit, the last one counts.

(identifier) @variable

; --- names that are declared

(value_declaration kind: (value_kind) name: (identifier) @constant)
(value_declaration kind: (value_kind ["program" "evaluate"]) name: (identifier) @function)
(value_declaration kind: "module" name: (identifier) @function)
(value_declaration kind: "signature" name: (identifier) @type.definition)
(alias_declaration name: (identifier) @type.definition)
(constant_declaration name: (identifier) @constant)
(type_declaration name: (identifier) @type.definition)
(enum_declaration name: (identifier) @type.definition)
(signature_declaration name: (identifier) @type.definition)
(module_declaration name: (identifier) @function)
(function_declaration name: (identifier) @function)
(part name: (identifier) @function)
(member name: (identifier) @constant)
(field name: (identifier) @variable.member)
(attribute name: (identifier) @variable.member)
(removal name: (identifier) @variable.member)
(parameter name: (identifier) @variable.parameter)
(import (dotted_name (identifier) @module))
(import_source (dotted_name (identifier) @module))

; --- names that are used

((identifier) @type
  (#match? @type "^[A-Z][A-Za-z0-9]*[a-z]"))
(call function: (identifier) @function.call)
(call function: (attribute_access name: (identifier) @function.method.call))
((call function: (identifier) @constructor)
  (#match? @constructor "^[A-Z]"))
(attribute_access name: (identifier) @variable.member)
(call function: (attribute_access name: (identifier) @function.method.call))
(keyword_argument name: (identifier) @variable.parameter)
(keyword_pattern name: (identifier) @variable.member)
(class_pattern class: (dotted_name (identifier) @type))
(type (identifier) @type)
(type (subscript value: (identifier) @type))
(type (subscript index: (identifier) @type))
(type (subscript index: (subscript value: (identifier) @type)))
(type (subscript index: (subscript index: (identifier) @type)))
(type (binary_expression (identifier) @type))
(type (binary_expression (subscript value: (identifier) @type)))
((identifier) @type.builtin
  (#any-of? @type.builtin
    "Any" "Decimal" "Literal" "Path" "UUID" "bool" "bytes" "date" "datetime" "dict" "float" "frozenset" "int"
    "list" "set" "str" "time" "timedelta" "tuple")
  (#has-ancestor? @type.builtin type))

; --- words

[
  "signature" "module" "type" "enum" "lambda" "test" "configure"
] @keyword
(value_kind) @keyword
"def" @keyword.function
(direction) @keyword.modifier
["from" "import" "as"] @keyword.import
(except_clause "as" @keyword.exception)
(as_pattern "as" @keyword)
["where" "demo" "del" "forward" "fallback"] @keyword
["return"] @keyword.return
["if" "elif" "else" "match" "case"] @keyword.conditional
(conditional_expression ["if" "else"] @keyword.conditional.ternary)
["for" (break_statement) (continue_statement)] @keyword.repeat
(for_statement "in" @keyword.repeat)
(comprehension_clause ["for" "in"] @keyword.repeat)
["try" "except"] @keyword.exception
["assert" "suggest" (pass_statement)] @keyword
["and" "or" "not" "is" (not_in) (is_not)] @keyword.operator
(comparison "in" @keyword.operator)
[(true) (false)] @boolean
[(none) (ellipsis)] @constant.builtin

; --- literals

(string) @string
(docstring (string) @string.documentation)
(documentation (string) @string.documentation)
(block . (expression_statement (string) @string.documentation))
(escape_sequence) @string.escape
(interpolation ["{" "}"] @punctuation.special)
(interpolation (conversion) @punctuation.special)
(format_text) @string.special
(integer) @number
(float) @number.float
(comment) @comment
((comment) @keyword.directive
  (#match? @keyword.directive "^#[ \t]*dspyc:[ \t]*ignore"))

; --- signs

[
  "=" "==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "//" "%" "@" "**" "|" "&" "^" "~" "<<" ">>" "->"
  "+=" "-=" "*=" "/=" "//=" "%=" "@=" "|=" "&=" "^=" "<<=" ">>=" "**="
] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ":" "."] @punctuation.delimiter

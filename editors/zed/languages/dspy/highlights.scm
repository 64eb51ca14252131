; Colours, written by editors/generate.py. Where several fit, the last one counts.

(identifier) @variable

; --- names that are declared

(value_declaration kind: (value_kind) name: (identifier) @constant)
(value_declaration kind: (value_kind ["program" "evaluate"]) name: (identifier) @function)
(value_declaration kind: "module" name: (identifier) @function)
(value_declaration kind: "signature" name: (identifier) @type)
(alias_declaration name: (identifier) @type)
(constant_declaration name: (identifier) @constant)
(type_declaration name: (identifier) @type)
(enum_declaration name: (identifier) @type)
(signature_declaration name: (identifier) @type)
(module_declaration name: (identifier) @function)
(function_declaration name: (identifier) @function)
(part name: (identifier) @function)
(member name: (identifier) @constant)
(field name: (identifier) @property)
(attribute name: (identifier) @property)
(removal name: (identifier) @property)
(parameter name: (identifier) @variable.parameter)
(import (dotted_name (identifier) @namespace))
(import_source (dotted_name (identifier) @namespace))

; --- names that are used

((identifier) @type
  (#match? @type "^[A-Z][A-Za-z0-9]*[a-z]"))
(call function: (identifier) @function)
(call function: (attribute_access name: (identifier) @function.method))
((call function: (identifier) @constructor)
  (#match? @constructor "^[A-Z]"))
(attribute_access name: (identifier) @property)
(call function: (attribute_access name: (identifier) @function.method))
(keyword_argument name: (identifier) @variable.parameter)
(keyword_pattern name: (identifier) @property)
(class_pattern class: (dotted_name (identifier) @type))
(type (identifier) @type)
(type (subscript value: (identifier) @type))
(type (subscript index: (identifier) @type))
(type (subscript index: (subscript value: (identifier) @type)))
(type (subscript index: (subscript index: (identifier) @type)))
(type (binary_expression (identifier) @type))
(type (binary_expression (subscript value: (identifier) @type)))

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
[(none) (ellipsis)] @constant

; --- literals

(string) @string
(docstring (string) @string.doc)
(documentation (string) @string.doc)
(block . (expression_statement (string) @string.doc))
(escape_sequence) @string.escape
(interpolation ["{" "}"] @punctuation.special)
(interpolation (conversion) @punctuation.special)
(format_text) @string.special
(integer) @number
(float) @number
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

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
(field name: (identifier) @variable.other.member)
(attribute name: (identifier) @variable.other.member)
(removal name: (identifier) @variable.other.member)
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
(attribute_access name: (identifier) @variable.other.member)
(call function: (attribute_access name: (identifier) @function.method))
(keyword_argument name: (identifier) @variable.parameter)
(keyword_pattern name: (identifier) @variable.other.member)
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
(direction) @keyword.storage.modifier
["from" "import" "as"] @keyword.control.import
(except_clause "as" @keyword.control.exception)
(as_pattern "as" @keyword)
["where" "demo" "del" "forward" "fallback"] @keyword
["return"] @keyword.control.return
["if" "elif" "else" "match" "case"] @keyword.control.conditional
(conditional_expression ["if" "else"] @keyword.control.conditional)
["for" (break_statement) (continue_statement)] @keyword.control.repeat
(for_statement "in" @keyword.control.repeat)
(comprehension_clause ["for" "in"] @keyword.control.repeat)
["try" "except"] @keyword.control.exception
["assert" "suggest" (pass_statement)] @keyword
["and" "or" "not" "is" (not_in) (is_not)] @keyword.operator
(comparison "in" @keyword.operator)
[(true) (false)] @constant.builtin.boolean
[(none) (ellipsis)] @constant.builtin

; --- literals

(string) @string
(docstring (string) @string)
(documentation (string) @string)
(block . (expression_statement (string) @string))
(escape_sequence) @constant.character.escape
(interpolation ["{" "}"] @punctuation.special)
(interpolation (conversion) @punctuation.special)
(format_text) @string.special
(integer) @constant.numeric.integer
(float) @constant.numeric.float
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

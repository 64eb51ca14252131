[
  (signature_declaration)
  (type_declaration)
  (enum_declaration)
  (module_declaration)
  (function_declaration)
  (test_declaration)
  (forward)
  (fallback)
  (if_statement)
  (elif_clause)
  (else_clause)
  (for_statement)
  (match_statement)
  (case_clause)
  (try_statement)
  (except_clause)
  (argument_list)
  (parameters)
  (list)
  (dictionary)
  (set)
  (tuple)
  (list_comprehension)
  (dictionary_comprehension)
  (set_comprehension)
  (generator_expression)
  (parenthesized_expression)
] @indent

[(elif_clause) (else_clause) (except_clause) ")" "]" "}"] @outdent
(signature_declaration) @extend
(type_declaration) @extend
(enum_declaration) @extend
(module_declaration) @extend
(function_declaration) @extend
(test_declaration) @extend
(forward) @extend
(if_statement) @extend
(for_statement) @extend
(match_statement) @extend
(try_statement) @extend
[(return_statement) (break_statement) (continue_statement) (pass_statement)] @extend.prevent-once

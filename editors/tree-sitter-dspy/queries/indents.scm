; Indentation. Written by editors/generate.py.
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
  (for_statement)
  (match_statement)
  (try_statement)
  (case_clause)
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
] @indent.begin

[(elif_clause) (else_clause) (except_clause)] @indent.branch
[")" "]" "}"] @indent.branch @indent.end
[(return_statement) (break_statement) (continue_statement) (pass_statement)] @indent.dedent
(string) @indent.ignore
(ERROR ":" @indent.begin .)

; Text objects: a declaration is a "class", what runs is a "function". Written by editors/generate.py.
(signature_declaration body: (_) @class.inner) @class.outer
(type_declaration body: (_) @class.inner) @class.outer
(enum_declaration body: (_) @class.inner) @class.outer
(module_declaration body: (_) @class.inner) @class.outer
(function_declaration body: (_) @function.inner) @function.outer
(test_declaration body: (_) @function.inner) @function.outer
(forward body: (_) @function.inner) @function.outer
(fallback body: (_) @function.inner) @function.outer
(argument_list (_) @parameter.inner)
(parameters (parameter) @parameter.inner)
(if_statement consequence: (_) @conditional.inner) @conditional.outer
(match_statement) @conditional.outer
(case_clause body: (_) @conditional.inner)
(for_statement body: (_) @loop.inner) @loop.outer
(call arguments: (argument_list) @call.inner) @call.outer
(field) @statement.outer
(part) @statement.outer
(comment) @comment.outer

; Text objects: a declaration is a "class", what runs is a "function". Written by editors/generate.py.
(signature_declaration body: (_) @class.inside) @class.around
(type_declaration body: (_) @class.inside) @class.around
(enum_declaration body: (_) @class.inside) @class.around
(module_declaration body: (_) @class.inside) @class.around
(function_declaration body: (_) @function.inside) @function.around
(test_declaration body: (_) @test.inside) @test.around
(forward body: (_) @function.inside) @function.around
(fallback body: (_) @function.inside) @function.around
(argument_list (_) @parameter.inside)
(parameters (parameter) @parameter.inside)
(comment) @comment.inside
(comment)+ @comment.around

(signature_declaration body: (_) @class.inside) @class.around
(type_declaration body: (_) @class.inside) @class.around
(enum_declaration body: (_) @class.inside) @class.around
(module_declaration body: (_) @class.inside) @class.around
(function_declaration body: (_) @function.inside) @function.around
(forward body: (_) @function.inside) @function.around
(fallback body: (_) @function.inside) @function.around
(test_declaration body: (_) @test.inside) @test.around
(parameters (parameter) @parameter.inside)
(argument_list (_) @parameter.inside)
(comment) @comment.inside
(comment)+ @comment.around

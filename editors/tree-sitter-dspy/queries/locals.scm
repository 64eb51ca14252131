(source_file) @local.scope
(module_declaration) @local.scope
(function_declaration) @local.scope
(test_declaration) @local.scope
(signature_declaration) @local.scope
(type_declaration) @local.scope
(lambda) @local.scope
(list_comprehension) @local.scope
(set_comprehension) @local.scope
(dictionary_comprehension) @local.scope
(generator_expression) @local.scope

(value_declaration name: (identifier) @local.definition.var)
(constant_declaration name: (identifier) @local.definition.constant)
(alias_declaration name: (identifier) @local.definition.type)
(type_declaration name: (identifier) @local.definition.type)
(enum_declaration name: (identifier) @local.definition.enum)
(signature_declaration name: (identifier) @local.definition.type)
(module_declaration name: (identifier) @local.definition.function)
(function_declaration name: (identifier) @local.definition.function)
(imported_name alias: (identifier) @local.definition.import)
(imported_name name: (identifier) @local.definition.import !alias)
(import alias: (identifier) @local.definition.import)
(field name: (identifier) @local.definition.field)
(attribute name: (identifier) @local.definition.field)
(part name: (identifier) @local.definition.var)
(parameter name: (identifier) @local.definition.parameter)
(assignment left: (identifier) @local.definition.var)
(assignment left: (tuple (identifier) @local.definition.var))
(annotated_assignment left: (identifier) @local.definition.var)
(for_statement left: (identifier) @local.definition.var)
(for_statement left: (target_tuple (identifier) @local.definition.var))
(comprehension_clause left: (identifier) @local.definition.var)
(comprehension_clause left: (target_tuple (identifier) @local.definition.var))
(except_clause alias: (identifier) @local.definition.var)
(as_pattern name: (identifier) @local.definition.var)

(identifier) @local.reference

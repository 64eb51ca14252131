(signature_declaration "signature" @context name: (identifier) @name) @item
(type_declaration "type" @context name: (identifier) @name) @item
(alias_declaration "type" @context name: (identifier) @name) @item
(enum_declaration "enum" @context name: (identifier) @name) @item
(module_declaration "module" @context name: (identifier) @name) @item
(function_declaration "def" @context name: (identifier) @name) @item
(test_declaration "test" @context title: (string) @name) @item
(value_declaration kind: (_) @context name: (identifier) @name) @item
(value_declaration ["module" "signature"] @context name: (identifier) @name) @item
(constant_declaration name: (identifier) @name) @item
(field direction: (direction) @context name: (identifier) @name) @item
(attribute name: (identifier) @name) @item
(part name: (identifier) @name) @item

; Languages in the language. Written by editors/generate.py.
((comment) @injection.content
  (#set! injection.language "comment"))

; What is told to a model is mostly Markdown.
((docstring (string (string_content) @injection.content))
  (#set! injection.language "markdown_inline"))
((documentation (string (string_content) @injection.content))
  (#set! injection.language "markdown_inline"))

; matches(text, r"[A-Z]\d+")
((call
  function: (identifier) @_function
  arguments: (argument_list (string (string_content) @injection.content)))
  (#eq? @_function "matches")
  (#set! injection.language "regex"))

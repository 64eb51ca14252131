((comment) @injection.content
  (#set! injection.language "comment"))
((docstring (string (string_content) @injection.content))
  (#set! injection.language "markdown.inline"))
((documentation (string (string_content) @injection.content))
  (#set! injection.language "markdown.inline"))

" The name by which the language server's answers call the language.
runtime! syntax/dspy.vim

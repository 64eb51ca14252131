autocmd BufNewFile,BufRead *.dspy setfiletype dspy

" How .dspy files are edited: comments, indentation, folding, and `dspyc` as the program behind :make and gq.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=b:#
setlocal commentstring=#\ %s
setlocal expandtab shiftwidth=4 softtabstop=4 tabstop=4
setlocal suffixesadd=.dspy,.py
setlocal include=^\\s*\\(from\\\|import\\)
setlocal define=^\\s*\\(signature\\\|module\\\|type\\\|enum\\\|def\\\|lm\\\|dataset\\\|optimizer\\\|program\\\|evaluate\\)\\s\\+
setlocal formatprg=dspyc\ format\ -
setlocal makeprg=dspyc\ check\ --output-format\ concise\ %:S
setlocal errorformat=%f:%l:%c:\ %t%n\ %m

let b:undo_ftplugin = 'setlocal comments< commentstring< expandtab< shiftwidth< softtabstop< tabstop<'
      \ . ' suffixesadd< include< define< formatprg< makeprg< errorformat<'

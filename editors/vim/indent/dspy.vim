" Indentation of .dspy files: deeper behind a colon and in brackets, back behind `return` and the like.
if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=GetDspyIndent(v:lnum)
setlocal indentkeys=!^F,o,O,<:>,0),0],0},=elif,=else,=except,=case
let b:undo_indent = 'setlocal indentexpr< indentkeys<'

if exists('*GetDspyIndent')
  finish
endif

let s:skip = "synIDattr(synID(line('.'), col('.'), 0), 'name') =~? 'string\\|comment'"

" The head of a declaration, which stands in the first column.
let s:head = '^\s*\%(\%(signature\|module\|type\|enum\|def\|lm\|tools\|dataset\|optimizer\|program\|evaluate\)\s\+\h\w*'
      \ . '\s*\%([:(,]\|=[^=]\)\|test\s\+["'']\|configure\s*(\|from\s\+[.A-Za-z_]\+\s\+import\>\)'

function! s:Code(lnum) abort
  " The line without a comment at its end.
  return substitute(getline(a:lnum), '\s*#[^''"]*$', '', '')
endfunction

function! s:Opening(lnum) abort
  " The line of the bracket that is open before a line; 0 where none is.
  call cursor(a:lnum, 1)
  return searchpair('[[({]', '', '[])}]', 'bnW', s:skip, max([1, a:lnum - 100]))
endfunction

function! GetDspyIndent(lnum) abort
  let l:width = shiftwidth()
  let l:line = getline(a:lnum)
  let l:position = getcurpos()
  try
    let l:begins_string = l:line =~? '^\s*[rfu]\{0,2}["'']'
    if !l:begins_string && synIDattr(synID(a:lnum, 1, 1), 'name') =~? 'string'
      return -1
    endif
    let l:open = s:Opening(a:lnum)
    if l:open > 0
      return l:line =~# '^\s*[])}]' ? indent(l:open) : indent(l:open) + l:width
    endif
    if l:line =~# s:head
      return 0
    endif
    let l:above = prevnonblank(a:lnum - 1)
    if l:above == 0
      return 0
    endif
    " Where the bracket is closed above, the line that opened it counts.
    let l:start = l:above
    while l:start > 1
      let l:before = s:Opening(l:start)
      if l:before == 0
        break
      endif
      let l:start = l:before
    endwhile
    let l:indent = indent(l:start)
    if s:Code(l:above) =~# ':$'
      let l:indent += l:width
    elseif getline(l:start) =~# '^\s*\%(return\|break\|continue\|pass\)\>'
      let l:indent -= l:width
    endif
    " A description may stand on the next, deeper line.
    if l:begins_string && s:Code(l:above) !~# ':$' && indent(a:lnum) == l:indent + l:width
      return -1
    endif
    " Where a block ends, only the author knows: a line that is less deep stays.
    if l:line =~# '\S' && s:Code(l:above) !~# ':$' && indent(a:lnum) < l:indent
      return -1
    endif
    if l:line =~# '^\s*\%(elif\|else\|except\)\>' && s:Code(l:above) !~# ':$'
      return s:Clause(a:lnum, l:indent, '^\s*\%(if\|elif\|try\|except\|for\)\>')
    endif
    if l:line =~# '^\s*case\>' && getline(l:start) !~# '^\s*match\>'
      return s:Clause(a:lnum, l:indent, '^\s*case\>')
    endif
    return max([0, l:indent])
  finally
    call setpos('.', l:position)
  endtry
endfunction

function! s:Clause(lnum, indent, pattern) abort
  " Where the statement begins that a clause continues.
  let l:lnum = prevnonblank(a:lnum - 1)
  while l:lnum > 0
    if getline(l:lnum) =~# a:pattern && indent(l:lnum) <= a:indent
      return indent(l:lnum)
    endif
    if indent(l:lnum) == 0 && getline(l:lnum) =~# '^\S'
      break
    endif
    let l:lnum = prevnonblank(l:lnum - 1)
  endwhile
  return max([0, a:indent])
endfunction

" Vim with editors/vim and ALE: run by test_editors.py in a copy of workspace/. What it has to say is in said.txt.
set nocompatible noswapfile backspace=indent,eol,start
let &runtimepath = $DSPYC_EDITORS . '/vim,' . &runtimepath
filetype plugin indent on
syntax on
let g:ale_linters = {'dspy': ['dspyc']}
let g:ale_lint_delay = 0
let g:ale_hover_to_preview = 1
packadd! ale
runtime plugin/ale.vim

function! Say(text) abort
  call writefile(split(a:text, "\n"), 'said.txt', 'a')
endfunction

function! Check(what, value) abort
  if !a:value
    throw 'not so: ' . a:what
  endif
endfunction

function! Until(what, ready) abort
  for l:turn in range(300)
    if a:ready()
      return
    endif
    sleep 100m
  endfor
  throw 'timeout: ' . a:what
endfunction

function! Group(line, column) abort
  return synIDattr(synID(a:line, a:column, 1), 'name')
endfunction

function! Hovered() abort
  for l:window in range(1, winnr('$'))
    if join(getbufline(winbufnr(l:window), 1, '$'), "\n") =~# 'class ChainOfThought'
      return 1
    endif
  endfor
  return 0
endfunction

try
  call ale#linter#Define('dspy', {'name': 'dspyc', 'lsp': 'stdio', 'executable': 'dspyc', 'command': '%e lsp',
        \ 'project_root': {buffer -> getcwd()}, 'language': 'dspyc'})
  edit triage.dspy
  call Check('the file type', &filetype ==# 'dspy')
  call Check('the options', &shiftwidth == 4 && &expandtab && &commentstring ==# '# %s')

  let s:line = search('^signature Classify')
  call Check('a keyword', Group(s:line, 1) ==# 'dspyDeclaration')
  call Check('a docstring', Group(s:line + 1, 10) ==# 'dspyDocstring')
  call Check('a field', Group(s:line + 2, 6) ==# 'dspyDirection')

  ALELint
  call Until('the finding', {-> !empty(ale#engine#GetLoclist(bufnr('')))})
  let s:found = ale#engine#GetLoclist(bufnr(''))[0]
  call Check(s:found.text, s:found.text =~# 'no field `urgncy`')
  call Check('its line', s:found.lnum == search('found.urgncy', 'w'))

  call cursor(search('ChainOfThought(Classify)', 'w'), 1)
  call search('ChainOfThought')
  ALEHover
  call Until('hover', function('Hovered'))
  wincmd o

  call cursor(1, 1)
  call search('find_articles(found')
  ALEGoToDefinition
  call Until('the definition', {-> expand('%:t') ==# 'tools.py'})
  edit triage.dspy

  %s/urgncy/urgency/
  ALELint
  call Until('no finding', {-> empty(ale#engine#GetLoclist(bufnr('')))})

  %s/classify(message=message)/classify( message = message )/
  silent normal! gggqG
  call Check('formatted', search('classify(message=message)', 'w') > 0)

  execute "normal! Go\<Esc>o\<C-u>def f(x: int) -> int:\nif x > 1:\nreturn g(\nx,\n)\nelse:\nreturn 0\<Esc>"
  let s:written = getline(line('$') - 6, line('$'))
  let s:expected = ['def f(x: int) -> int:', '    if x > 1:', '        return g(', '            x,', '        )',
        \ '    else:', '        return 0']
  call Check(join(s:written, "\n"), s:written ==# s:expected)
  call Say('vim ' . v:version . ' is right')
catch
  call Say(v:exception . "\n" . v:throwpoint)
  cquit!
endtry
qall!

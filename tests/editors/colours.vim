" The class of each byte of some programs, as editors/vim colours them: see test_colours_agree.py.
" Reads the .dspy files of the working folder; writes a letter for each byte to a file beside each.
set nocompatible noswapfile encoding=utf-8
let &runtimepath = $DSPYC_EDITORS . '/vim,' . &runtimepath
filetype plugin on
syntax on
let s:classes = {'dspyDeclaration': 'k', 'dspyWord': 'k', 'dspyImport': 'k', 'dspyDirection': 'k',
      \ 'dspyOperatorWord': 'k', 'dspyConstant': 'k', 'dspyString': 's', 'dspyRaw': 's', 'dspyFormatted': 's',
      \ 'dspyDocstring': 's', 'dspyEscape': 's', 'dspyBraces': 's', 'dspyComment': 'c', 'dspyPragma': 'c',
      \ 'dspyTodo': 'c', 'dspyNumber': 'n'}
for s:file in glob('*.dspy', 0, 1)
  execute 'edit ' . s:file
  syntax sync fromstart
  let s:lines = []
  for s:line in range(1, line('$'))
    let s:row = ''
    for s:column in range(1, len(getline(s:line)))
      let s:row .= get(s:classes, synIDattr(synID(s:line, s:column, 1), 'name'), '.')
    endfor
    call add(s:lines, s:row)
  endfor
  call writefile(s:lines, s:file . '.classes')
endfor
qall!

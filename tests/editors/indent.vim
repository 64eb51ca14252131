" Indents each .dspy file of the working folder, and writes it back: see test_editors.py.
set nocompatible noswapfile encoding=utf-8
let &runtimepath = $DSPYC_EDITORS . '/vim,' . &runtimepath
filetype plugin indent on
syntax on
for s:file in glob('*.dspy', 0, 1)
  execute 'edit ' . s:file
  silent normal! gg=G
  silent write
endfor
qall!

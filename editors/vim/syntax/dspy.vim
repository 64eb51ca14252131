" Colours of .dspy files.
if exists('b:current_syntax')
  finish
endif

syntax sync minlines=200
syntax iskeyword @,48-57,_

" --- strings

syntax match dspyEscape +\\\%([abfnrtv'"\\\n]\|\o\{1,3}\|x\x\{2}\|u\x\{4}\|U\x\{8}\|N{[^}]*}\)+ contained
syntax match dspyBraces /{{\|}}/ contained
syntax region dspyField matchgroup=dspyFieldDelimiter start=/{/ end=/}/ end=/$/ contained contains=@dspyExpression
syntax region dspyString start=/\c\<u\?"/ skip=/\\./ end=/"/ end=/$/ contains=dspyEscape
syntax region dspyString start=/\c\<u\?'/ skip=/\\./ end=/'/ end=/$/ contains=dspyEscape
syntax region dspyString start=/"/ skip=/\\./ end=/"/ end=/$/ contains=dspyEscape
syntax region dspyString start=/'/ skip=/\\./ end=/'/ end=/$/ contains=dspyEscape
syntax region dspyString start=/"""/ skip=/\\./ end=/"""/ contains=dspyEscape
syntax region dspyString start=/'''/ skip=/\\./ end=/'''/ contains=dspyEscape
syntax region dspyDocstring start=/^\s*\zs"""/ skip=/\\./ end=/"""/ contains=dspyEscape
syntax region dspyRaw start=/\c\<r"/ skip=/\\./ end=/"/ end=/$/
syntax region dspyRaw start=/\c\<r'/ skip=/\\./ end=/'/ end=/$/
syntax region dspyRaw start=/\c\<r"""/ skip=/\\./ end=/"""/
syntax region dspyFormatted start=/\c\<\%(f\|fr\|rf\)"/ skip=/\\./ end=/"/ end=/$/ contains=dspyEscape,dspyBraces,dspyField
syntax region dspyFormatted start=/\c\<\%(f\|fr\|rf\)'/ skip=/\\./ end=/'/ end=/$/ contains=dspyEscape,dspyBraces,dspyField
syntax region dspyFormatted start=/\c\<\%(f\|fr\|rf\)"""/ skip=/\\./ end=/"""/ contains=dspyEscape,dspyBraces,dspyField

" --- comments, numbers, signs

syntax match dspyComment /#.*$/ contains=dspyTodo,dspyPragma,@Spell
syntax keyword dspyTodo TODO FIXME NOTE XXX contained
syntax match dspyPragma /#\s*\zsdspyc:\s*ignore\%(\[[^]]*\]\)\?/ contained
syntax match dspyNumber /\<0[xX]\%(_\?\x\)\+\>\|\<0[bB]\%(_\?[01]\)\+\>\|\<0[oO]\%(_\?\o\)\+\>/
syntax match dspyNumber /\<\d\%(_\?\d\)*\%(\.\%(\d\%(_\?\d\)*\)\?\)\?\%([eE][+-]\?\d\%(_\?\d\)*\)\?/
syntax match dspyNumber /\%(\w\)\@1<!\.\d\%(_\?\d\)*\%([eE][+-]\?\d\%(_\?\d\)*\)\?/
syntax match dspyOperator /->\|[-+*\/%@&|^~<>=!]=\?/

" --- words; of two that fit, the later one counts

syntax match dspyCall /\<\h\w*\ze\s*(/
syntax match dspyClass /\<\u\w*\l\w*\>/

" words of the language, written by editors/generate.py
syntax keyword dspyWord as assert break continue del elif else except for if pass return try
syntax keyword dspyOperatorWord and in is lambda not or
syntax keyword dspyConstant False None True
syntax keyword dspyType Any Decimal Literal Path UUID bool bytes date datetime dict float frozenset int list set str time timedelta tuple
syntax match dspyDeclaration /^\%(dataset\|def\|enum\|evaluate\|lm\|module\|optimizer\|program\|signature\|tools\|type\)\>\ze\s\+\%(\h\)/ nextgroup=dspyName skipwhite
syntax match dspyName /\h\w*/ contained
syntax match dspyDeclaration /^configure\ze\s*(/
syntax match dspyDeclaration /^test\ze\s\+\%([rRfF]\{0,2}["']\)/
syntax match dspyImport /^\%(from\|import\)\>/
syntax match dspyImport /\%(^from\s.*\)\@<=\<import\>/
syntax match dspyDirection /^\s\+\zs\%(input\|output\)\>\ze\s\+\h/
syntax match dspyWord /^\s\+\zs\%(fallback\|forward\)\>\ze\s*:/
syntax match dspyWord /^\s\+\zsdemo\>\ze\%(\s\+\h\w*\s*=\|\s*(\)/
syntax match dspyWord /^\s\+\zsmatch\>\ze\s\+[^= ].*:\s*\%(#.*\)\?$/
syntax match dspyWord /^\s\+\zscase\>\ze\s\+.*:/
syntax match dspyWord /\%(^\|:\)\s\+\zssuggest\>\ze\s\+[^=:.]/
syntax match dspyWord /\s\zswhere\>\ze\s\+[^ =:]/
" end of the words

syntax cluster dspyExpression contains=dspyString,dspyRaw,dspyFormatted,dspyNumber,dspyOperator,dspyWord,dspyOperatorWord,dspyConstant,dspyType,dspyCall,dspyClass

highlight default link dspyComment Comment
highlight default link dspyTodo Todo
highlight default link dspyPragma PreProc
highlight default link dspyString String
highlight default link dspyRaw String
highlight default link dspyFormatted String
highlight default link dspyDocstring String
highlight default link dspyEscape SpecialChar
highlight default link dspyBraces SpecialChar
highlight default link dspyFieldDelimiter Special
highlight default link dspyNumber Number
highlight default link dspyOperator Operator
highlight default link dspyOperatorWord Operator
highlight default link dspyWord Statement
highlight default link dspyImport Include
highlight default link dspyDeclaration Keyword
highlight default link dspyName Identifier
highlight default link dspyDirection StorageClass
highlight default link dspyConstant Constant
highlight default link dspyType Type
highlight default link dspyClass Type
highlight default link dspyCall Function

let b:current_syntax = 'dspy'

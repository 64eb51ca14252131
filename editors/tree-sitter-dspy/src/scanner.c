// Layout and strings of dspyc: what the parser of tree-sitter cannot read by itself.
//
// Blocks are made as in Python: a line that is deeper than the one above begins a block where one is
// expected. A string that is not closed ends where the compiler ends it: at the end of its line, or, with
// three quotes, before the next line in the first column that reads as the head of a declaration.

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "tree_sitter/parser.h"

enum TokenType {
  NEWLINE,
  INDENT,
  DEDENT,
  CONTINUED,
  STRING_START,
  STRING_CONTENT,
  ESCAPE,
  STRING_END,
  SUGGEST,
  CLOSE_PAREN,
  CLOSE_BRACKET,
  CLOSE_BRACE,
};

enum { MAX_INDENTS = 64, MAX_STRINGS = 16 };

// A string that is open.
typedef struct {
  uint8_t quote;  // the character
  bool is_long;   // three quotes
  bool is_raw;
  bool is_format;
} Open;

typedef struct {
  uint8_t indents;  // how many blocks are open
  uint8_t strings;
  uint16_t columns[MAX_INDENTS];
  Open open[MAX_STRINGS];
} Scanner;

static void take(TSLexer *lexer) { lexer->advance(lexer, false); }

static bool is_blank(int32_t c) { return c == ' ' || c == '\t'; }

static bool is_line_end(int32_t c) { return c == '\n' || c == '\r'; }

static bool is_among(int32_t c, const char *signs) { return c > 0 && c < 128 && strchr(signs, c) != NULL; }

static bool is_word(int32_t c) { return c == '_' || iswalnum((wint_t)c); }

// Read a word of at most `size - 1` ASCII letters into `word`; the number of characters that were read.
static unsigned read_word(TSLexer *lexer, char *word, unsigned size) {
  unsigned length = 0;
  while (is_word(lexer->lookahead)) {
    if (length < size - 1) word[length] = lexer->lookahead < 128 ? (char)lexer->lookahead : '?';
    length++;
    take(lexer);
  }
  word[length < size - 1 ? length : size - 1] = 0;
  return length;
}

static bool is_one_of(const char *word, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcmp(word, *words) == 0) return true;
  }
  return false;
}

static const char *const DECLARING[] = {
#include "heads.inc"
    NULL};

static const char *const NO_CONDITION[] = {"in", "is", "if", "and", "or", "as", "for", "else", NULL};

enum { WORD = 16 };

// Whether the text here, in the first column, reads as the head of a declaration. Moves on in the text,
// and leaves its first word in `first`.
static bool at_head(TSLexer *lexer, char *first) {
  char word[WORD];
  if (read_word(lexer, word, sizeof word) == 0) return false;
  memcpy(first, word, sizeof word);
  bool has_blank = is_blank(lexer->lookahead);
  while (is_blank(lexer->lookahead)) take(lexer);
  int32_t next = lexer->lookahead;
  if (next == '=') {
    take(lexer);
    return lexer->lookahead != '=';
  }
  if (strcmp(word, "configure") == 0) return next == '(';
  if (!has_blank) return false;
  if (strcmp(word, "test") == 0) return next == '"' || next == '\'';
  if (strcmp(word, "from") == 0 || strcmp(word, "import") == 0) {
    bool is_from = word[0] == 'f';
    while (is_word(lexer->lookahead) || lexer->lookahead == '.') take(lexer);
    while (is_blank(lexer->lookahead)) take(lexer);
    if (!is_from) return is_line_end(lexer->lookahead) || lexer->eof(lexer);
    read_word(lexer, word, sizeof word);
    return strcmp(word, "import") == 0;
  }
  if (!is_one_of(word, DECLARING) || read_word(lexer, word, sizeof word) == 0) return false;
  while (is_blank(lexer->lookahead)) take(lexer);
  next = lexer->lookahead;
  take(lexer);
  return next == ':' || next == '(' || next == ',' || (next == '=' && lexer->lookahead != '=');
}

// Whether a string begins here, letters before its quote included. Moves on in the text.
static bool at_string(TSLexer *lexer) {
  for (int letters = 0; letters < 3; letters++) {
    int32_t c = lexer->lookahead;
    if (c == '"' || c == '\'') return true;
    if (!is_among(c, "rRuUfFbB")) return false;
    take(lexer);
  }
  return false;
}

// The parts of the string that is open: its text, an escape, or its end.
static bool scan_string(Scanner *scanner, TSLexer *lexer, const bool *valid) {
  Open *open = &scanner->open[scanner->strings - 1];
  bool has_content = false;
  while (!lexer->eof(lexer)) {
    int32_t c = lexer->lookahead;
    if (c == open->quote) {
      lexer->mark_end(lexer);
      take(lexer);
      if (open->is_long) {
        unsigned quotes = 1;
        while (quotes < 3 && lexer->lookahead == open->quote) {
          take(lexer);
          quotes++;
        }
        if (quotes < 3) {
          lexer->mark_end(lexer);
          has_content = true;
          continue;
        }
      }
      if (has_content) {
        lexer->result_symbol = STRING_CONTENT;
        return true;
      }
      lexer->mark_end(lexer);
      scanner->strings--;
      lexer->result_symbol = STRING_END;
      return true;
    }
    if (is_line_end(c)) {
      lexer->mark_end(lexer);
      bool ends = !open->is_long;
      if (!ends) {
        char first[WORD];
        while (is_line_end(lexer->lookahead)) take(lexer);
        if (lexer->get_column(lexer) == 0 && is_word(lexer->lookahead)) ends = at_head(lexer, first);
      }
      if (!ends) {
        lexer->mark_end(lexer);
        has_content = true;
        continue;
      }
      if (has_content) {
        lexer->result_symbol = STRING_CONTENT;
        return true;
      }
      scanner->strings--;
      lexer->result_symbol = STRING_END;
      return true;
    }
    if (c == '\\') {
      lexer->mark_end(lexer);
      take(lexer);
      if (open->is_raw) {
        if (!lexer->eof(lexer) && (open->is_long || !is_line_end(lexer->lookahead))) take(lexer);
        lexer->mark_end(lexer);
        has_content = true;
        continue;
      }
      if (has_content) {
        lexer->result_symbol = STRING_CONTENT;
        return true;
      }
      c = lexer->lookahead;
      unsigned digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
      if (open->is_long || !is_line_end(c)) take(lexer);
      for (; digits > 0 && iswxdigit((wint_t)lexer->lookahead); digits--) take(lexer);
      if (c == 'N' && lexer->lookahead == '{') {
        while (!lexer->eof(lexer) && lexer->lookahead != '}' && lexer->lookahead != open->quote &&
               !is_line_end(lexer->lookahead)) {
          take(lexer);
        }
        if (lexer->lookahead == '}') take(lexer);
      }
      lexer->mark_end(lexer);
      lexer->result_symbol = ESCAPE;
      return true;
    }
    if (open->is_format && (c == '{' || c == '}')) {
      lexer->mark_end(lexer);
      take(lexer);
      bool is_doubled = lexer->lookahead == c;
      if (has_content) {
        lexer->result_symbol = STRING_CONTENT;
        return true;
      }
      if (is_doubled) {
        take(lexer);
        lexer->mark_end(lexer);
        lexer->result_symbol = ESCAPE;
        return true;
      }
      if (c == '{') return false;  // a replacement field
      lexer->mark_end(lexer);
      has_content = true;
      continue;
    }
    take(lexer);
    lexer->mark_end(lexer);
    has_content = true;
  }
  if (has_content) {
    lexer->result_symbol = STRING_CONTENT;
    return true;
  }
  if (!valid[STRING_END]) return false;
  lexer->mark_end(lexer);
  scanner->strings--;
  lexer->result_symbol = STRING_END;
  return true;
}

// The quotes of a string whose letters before them have been read into `prefix`.
static bool scan_string_start(Scanner *scanner, TSLexer *lexer, const char *prefix) {
  Open open = {0};
  for (; *prefix != 0; prefix++) {
    switch (*prefix) {
      case 'r': case 'R': open.is_raw = true; break;
      case 'f': case 'F': open.is_format = true; break;
      case 'u': case 'U': case 'b': case 'B': break;
      default: return false;
    }
  }
  if ((lexer->lookahead != '"' && lexer->lookahead != '\'') || scanner->strings >= MAX_STRINGS) return false;
  open.quote = (uint8_t)lexer->lookahead;
  take(lexer);
  lexer->mark_end(lexer);
  if (lexer->lookahead == open.quote) {
    take(lexer);
    if (lexer->lookahead == open.quote) {
      take(lexer);
      lexer->mark_end(lexer);
      open.is_long = true;
    }
  }
  scanner->open[scanner->strings++] = open;
  lexer->result_symbol = STRING_START;
  return true;
}

// `suggest` before a condition; elsewhere it is a name.
static bool scan_suggest(TSLexer *lexer) {
  char word[WORD];
  if (read_word(lexer, word, sizeof word) != 7 || strcmp(word, "suggest") != 0) return false;
  lexer->mark_end(lexer);
  if (!is_blank(lexer->lookahead)) return false;
  while (is_blank(lexer->lookahead)) take(lexer);
  int32_t c = lexer->lookahead;
  if (is_word(c)) {
    read_word(lexer, word, sizeof word);
    if (is_one_of(word, NO_CONDITION)) return false;
  } else if (!is_among(c, "\"'([{~-")) {
    return false;
  }
  lexer->result_symbol = SUGGEST;
  return true;
}

bool tree_sitter_dspy_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  Scanner *scanner = payload;
  bool is_recovering = valid[STRING_CONTENT] && valid[INDENT];
  bool in_brackets = valid[CLOSE_PAREN] || valid[CLOSE_BRACKET] || valid[CLOSE_BRACE];

  if (valid[STRING_CONTENT] && scanner->strings > 0 && !is_recovering) {
    return scan_string(scanner, lexer, valid);
  }

  lexer->mark_end(lexer);
  bool has_line_end = false;
  bool wants_layout = valid[NEWLINE] || valid[INDENT] || valid[DEDENT];
  int32_t comment_column = -1;
  uint32_t column = 0;
  for (;;) {
    int32_t c = lexer->lookahead;
    if (c == '\n') {
      has_line_end = true;
      column = 0;
    } else if (c == ' ') {
      column++;
    } else if (c == '\t') {
      column += 4 - column % 4;
    } else if (c == '\r' || c == '\f') {
      column = 0;
    } else if (c == '#' && wants_layout) {
      if (!has_line_end) return false;
      if (comment_column < 0) comment_column = (int32_t)column;
      while (!lexer->eof(lexer) && !is_line_end(lexer->lookahead)) lexer->advance(lexer, true);
      column = 0;
      continue;
    } else if (lexer->eof(lexer)) {
      column = 0;
      has_line_end = true;
      break;
    } else if (c != 0xFEFF) {
      break;
    }
    lexer->advance(lexer, true);
  }

  if (has_line_end) {
    uint32_t current = scanner->columns[scanner->indents];
    if (valid[CONTINUED] && !is_recovering && column > current && comment_column < 0 && at_string(lexer)) {
      lexer->result_symbol = CONTINUED;
      return true;
    }
    if (valid[INDENT] && column > current && scanner->indents + 1 < MAX_INDENTS) {
      scanner->columns[++scanner->indents] = (uint16_t)column;
      lexer->result_symbol = INDENT;
      return true;
    }
    bool may_close = valid[DEDENT] || (!valid[NEWLINE] && !in_brackets);
    // Comments that are as deep as the block belong to it.
    if (may_close && scanner->indents > 0 && column < current && comment_column < (int32_t)current) {
      scanner->indents--;
      lexer->result_symbol = DEDENT;
      return true;
    }
    if (valid[NEWLINE] && !is_recovering) {
      lexer->result_symbol = NEWLINE;
      return true;
    }
  }
  // The head of a declaration ends what is open above it, brackets too; the parser then closes them.
  char word[WORD] = {0};
  if (has_line_end && in_brackets && column == 0 && is_word(lexer->lookahead)) {
    if (at_head(lexer, word)) {
      lexer->result_symbol = NEWLINE;
      return true;
    }
  } else if (valid[SUGGEST] && lexer->lookahead == 's') {
    return comment_column < 0 && scan_suggest(lexer);
  } else {
    read_word(lexer, word, sizeof word);
  }
  return comment_column < 0 && valid[STRING_START] && scan_string_start(scanner, lexer, word);
}

void *tree_sitter_dspy_external_scanner_create(void) { return calloc(1, sizeof(Scanner)); }

void tree_sitter_dspy_external_scanner_destroy(void *payload) { free(payload); }

unsigned tree_sitter_dspy_external_scanner_serialize(void *payload, char *buffer) {
  Scanner *scanner = payload;
  unsigned size = 0;
  buffer[size++] = (char)scanner->strings;
  memcpy(buffer + size, scanner->open, scanner->strings * sizeof(Open));
  size += (unsigned)(scanner->strings * sizeof(Open));
  buffer[size++] = (char)scanner->indents;
  memcpy(buffer + size, scanner->columns + 1, scanner->indents * sizeof(uint16_t));
  return size + (unsigned)(scanner->indents * sizeof(uint16_t));
}

void tree_sitter_dspy_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
  Scanner *scanner = payload;
  memset(scanner, 0, sizeof(Scanner));
  if (length == 0) return;
  unsigned at = 0;
  scanner->strings = (uint8_t)buffer[at++];
  memcpy(scanner->open, buffer + at, scanner->strings * sizeof(Open));
  at += (unsigned)(scanner->strings * sizeof(Open));
  scanner->indents = (uint8_t)buffer[at++];
  memcpy(scanner->columns + 1, buffer + at, scanner->indents * sizeof(uint16_t));
}

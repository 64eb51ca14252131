;;; dspyc-mode.el --- Edit programs of dspyc  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A major mode for .dspy files: colours, indentation, comments, imenu, and the language server
;; `dspyc lsp' through eglot (`M-x eglot') or lsp-mode (`M-x lsp').
;;
;;   (add-to-list 'load-path "/path/to/dspyc/editors/emacs")
;;   (require 'dspyc-mode)
;;   (add-hook 'dspyc-mode-hook #'eglot-ensure)

;;; Code:

(require 'rx)

(defgroup dspyc nil
  "Programs made of language-model calls."
  :group 'languages)

(defcustom dspyc-command '("dspyc" "lsp")
  "The command that starts the language server."
  :type '(repeat string)
  :group 'dspyc)

(defcustom dspyc-indent-offset 4
  "How many columns a block is indented by."
  :type 'integer
  :safe #'integerp
  :group 'dspyc)

;; words of the language, written by editors/generate.py
(defconst dspyc--declarations
  '("dataset" "def" "enum" "evaluate" "lm" "module" "optimizer" "program" "signature" "tools" "type"))
(defconst dspyc--statements
  '("as" "assert" "break" "continue" "del" "elif" "else" "except" "for" "if" "pass" "return" "try"))
(defconst dspyc--operators
  '("and" "in" "is" "lambda" "not" "or"))
(defconst dspyc--constants
  '("False" "None" "True"))
(defconst dspyc--types
  '("Any" "Decimal" "Literal" "Path" "UUID" "bool" "bytes" "date" "datetime" "dict" "float" "frozenset" "int" "list" "set" "str" "time" "timedelta" "tuple"))
(defconst dspyc--directions
  '("input" "output"))
(defconst dspyc--blocks
  '("fallback" "forward"))
;; end of the words

(defconst dspyc--name "[A-Za-z_][A-Za-z0-9_]*")

(defun dspyc--any (words)
  "A regular expression for one of WORDS."
  (concat "\\(" (regexp-opt words) "\\)"))

(defconst dspyc--head
  (concat (dspyc--any dspyc--declarations) "[ \t]+" dspyc--name "[ \t]*\\(?:[:(,]\\|=[^=]\\)"
          "\\|test[ \t]+[\"']\\|configure[ \t]*(\\|from[ \t]+[.A-Za-z_]+[ \t]+import\\_>")
  "The head of a declaration, which stands in the first column.")

(defconst dspyc-font-lock-keywords
  (let ((name dspyc--name))
    `((,(concat "^" (dspyc--any dspyc--declarations) "[ \t]+\\(" name "\\)")
       (1 'font-lock-keyword-face) (2 'font-lock-function-name-face))
      (,"^\\(test\\)[ \t]+[\"']" (1 'font-lock-keyword-face))
      (,"^\\(configure\\)[ \t]*(" (1 'font-lock-keyword-face))
      (,"^\\(from\\|import\\)\\_>" (1 'font-lock-keyword-face))
      (,"^from[ \t]+[.A-Za-z0-9_]+[ \t]+\\(import\\)\\_>" (1 'font-lock-keyword-face))
      (,(concat "^[ \t]+" (dspyc--any dspyc--directions) "[ \t]+\\(" name "\\)")
       (1 'font-lock-keyword-face) (2 'font-lock-variable-name-face))
      (,(concat "^[ \t]+" (dspyc--any dspyc--blocks) "[ \t]*:") (1 'font-lock-keyword-face))
      (,(concat "^[ \t]+\\(demo\\)\\(?:[ \t]+" name "[ \t]*=\\|[ \t]*(\\)") (1 'font-lock-keyword-face))
      (,"^[ \t]+\\(match\\)[ \t]+[^= ].*:[ \t]*\\(?:#.*\\)?$" (1 'font-lock-keyword-face))
      (,"^[ \t]+\\(case\\)[ \t]+.*:" (1 'font-lock-keyword-face))
      (,"\\(?:^\\|:\\)[ \t]+\\(suggest\\)[ \t]+[^=:.]" (1 'font-lock-keyword-face))
      (,"[ \t]\\(where\\)[ \t]+[^ =:]" (1 'font-lock-keyword-face))
      (,(concat "\\_<" (dspyc--any dspyc--statements) "\\_>") (1 'font-lock-keyword-face))
      (,(concat "\\_<" (dspyc--any dspyc--operators) "\\_>") (1 'font-lock-keyword-face))
      (,(concat "\\_<" (dspyc--any dspyc--constants) "\\_>") (1 'font-lock-constant-face))
      (,(concat "\\_<" (dspyc--any dspyc--types) "\\_>") (1 'font-lock-type-face))
      (,"\\_<[A-Z][A-Za-z0-9_]*[a-z][A-Za-z0-9_]*\\_>" . 'font-lock-type-face)))
  "What is coloured in a .dspy file, beside strings and comments.")

(defvar dspyc-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\' "\"" table)
    (modify-syntax-entry ?_ "_" table)
    (dolist (sign (string-to-list "+-*/%&|^<>=~@"))
      (modify-syntax-entry sign "." table))
    table)
  "Comments begin with #, strings with either quote.")

(defun dspyc--mark-long-string ()
  "Let three quotes be the fence of a string, not the quotes of three."
  (let* ((begin (match-beginning 0))
         (state (save-excursion (syntax-ppss begin)))
         (opened (nth 8 state)))
    (cond
     ((nth 4 state))
     ((nth 3 state)
      ;; Inside a string: the end, where it is a long one that began with this quote.
      (when (and (eq (nth 3 state) t) (eq (char-after opened) (char-after begin)))
        (put-text-property (+ begin 2) (+ begin 3) 'syntax-table (string-to-syntax "|"))))
     (t (put-text-property begin (1+ begin) 'syntax-table (string-to-syntax "|"))))))

(defconst dspyc--propertize
  (syntax-propertize-rules
   ("\"\"\"\\|'''" (0 (ignore (dspyc--mark-long-string))))))

;;; Indentation

(defun dspyc--open-bracket (position)
  "Where the innermost bracket stands that is open at POSITION, or nil."
  (nth 1 (save-excursion (syntax-ppss position))))

(defun dspyc--statement-start ()
  "Go to the line on which the statement of this line begins."
  (back-to-indentation)
  (let (open)
    (while (setq open (dspyc--open-bracket (point)))
      (goto-char open)
      (back-to-indentation))))

(defun dspyc--ends-in-colon ()
  "Whether the code of this line ends in a colon."
  (save-excursion
    (end-of-line)
    (let ((state (syntax-ppss)))
      (when (nth 4 state) (goto-char (nth 8 state))))
    (skip-chars-backward " \t")
    (eq (char-before) ?:)))

(defun dspyc--clause-column (pattern limit)
  "The column of the line above that looks like PATTERN, at most as deep as LIMIT."
  (save-excursion
    (let (found)
      (while (and (not found) (zerop (forward-line -1)) (not (bobp)))
        (back-to-indentation)
        (when (and (looking-at pattern) (<= (current-column) limit))
          (setq found (current-column)))
        (when (and (not found) (zerop (current-column)) (not (eolp)) (not (looking-at "#")))
          (goto-char (point-min))))
      found)))

(defvar dspyc--in-region nil
  "Whether several lines are being indented.")

(defun dspyc-indent-region (start end)
  "Indent the lines from START to END, and leave alone where blocks end."
  (let ((dspyc--in-region t)
        (end (copy-marker end)))
    (save-excursion
      (goto-char start)
      (while (< (point) end)
        (back-to-indentation)
        (let ((column (and (not (eolp)) (dspyc--column))))
          (when column (indent-line-to column)))
        (forward-line 1)))
    (set-marker end nil)))

(defun dspyc--column ()
  "How deep this line should be indented; nil inside a string."
  (save-excursion
    (back-to-indentation)
    (let ((open (dspyc--open-bracket (point)))
          (closes (looking-at "[])}]"))
          (clause (cond ((looking-at "\\(?:elif\\|else\\|except\\)\\_>")
                         "\\(?:if\\|elif\\|for\\|try\\|except\\)\\_>")
                        ((looking-at "case\\_>") "case\\_>"))))
      (cond
       ((nth 3 (syntax-ppss)) nil)
       (open (goto-char open)
             (+ (current-indentation) (if closes 0 dspyc-indent-offset)))
       ((looking-at dspyc--head) 0)
       ((zerop (save-excursion (skip-chars-backward " \t\n") (1- (point)))) 0)
       (t
        (let (column (start (point)))
          (skip-chars-backward " \t\n")
          (let ((colon (dspyc--ends-in-colon)))
            (dspyc--statement-start)
            (setq column (current-column))
            (cond
             (colon (setq column (+ column dspyc-indent-offset)))
             ((looking-at "\\(?:return\\|break\\|continue\\|pass\\)\\_>")
              (setq column (max 0 (- column dspyc-indent-offset)))))
            ;; Where a block ends, only the author knows: in a region, a line that is less deep stays.
            (when (and dspyc--in-region (not colon)
                       (not (and clause (zerop (save-excursion (goto-char start) (current-indentation))))))
              (goto-char start)
              ;; So does a description on a deeper line.
              (unless (and (looking-at "[rfuRFU]\\{0,2\\}[\"']")
                           (= (current-indentation) (+ column dspyc-indent-offset))
                           (setq column (current-indentation)))
                (setq column (min column (current-indentation)))))
            (when (and clause (not colon)
                       (or (not dspyc--in-region)
                           (zerop (save-excursion (goto-char start) (current-indentation)))))
              (goto-char start)
              (setq column (or (dspyc--clause-column clause column) column))))
          column))))))

(defun dspyc-indent-line ()
  "Indent this line; a second TAB in a row takes one level away."
  (interactive)
  (let ((column (if (and (eq this-command 'indent-for-tab-command) (eq last-command this-command)
                         (> (current-indentation) 0))
                    (max 0 (- (current-indentation) dspyc-indent-offset))
                  (dspyc--column))))
    (when column
      (if (<= (current-column) (current-indentation))
          (indent-line-to column)
        (save-excursion (indent-line-to column))))))

;;; The mode

(defconst dspyc--imenu
  `((nil ,(concat "^\\(?:signature\\|module\\|type\\|enum\\|def\\|lm\\|tools\\|dataset\\|optimizer\\|program\\|evaluate\\)[ \t]+\\("
                  dspyc--name "\\)")
         1)
    ("Tests" "^test[ \t]+\\([\"'].*[\"']\\)" 1)))

;;;###autoload
(define-derived-mode dspyc-mode prog-mode "dspyc"
  "Edit programs of dspyc."
  (setq-local comment-start "# ")
  (setq-local comment-start-skip "#+\\s-*")
  (setq-local indent-tabs-mode nil)
  (setq-local tab-width dspyc-indent-offset)
  (setq-local indent-line-function #'dspyc-indent-line)
  (setq-local indent-region-function #'dspyc-indent-region)
  (setq-local syntax-propertize-function dspyc--propertize)
  (setq-local font-lock-defaults '(dspyc-font-lock-keywords))
  (setq-local imenu-generic-expression dspyc--imenu)
  (setq-local electric-indent-inhibit nil)
  (setq-local electric-indent-chars (append '(?: ?\) ?\] ?\}) electric-indent-chars))
  (setq-local compile-command
              (concat "dspyc check " (if buffer-file-name (shell-quote-argument (file-name-nondirectory buffer-file-name)) "."))))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.dspy\\'" . dspyc-mode))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs (cons 'dspyc-mode dspyc-command)))

(defvar lsp-language-id-configuration)
(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(with-eval-after-load 'lsp-mode
  (add-to-list 'lsp-language-id-configuration '(dspyc-mode . "dspyc"))
  (lsp-register-client
   (make-lsp-client
    :new-connection (lsp-stdio-connection (lambda () dspyc-command))
    :activation-fn (lambda (_file mode) (eq mode 'dspyc-mode))
    :server-id 'dspyc)))

(provide 'dspyc-mode)
;;; dspyc-mode.el ends here

-- The language server in Neovim, as editors/neovim sets it up: run by test_editors.py in a copy of workspace/.
local function run()
  local modern = vim.lsp.enable ~= nil
  local function wait(what, ready)
    assert(vim.wait(30000, ready, 50), "timeout: " .. what)
  end
  local function request(method, params)
    local found = vim.lsp.buf_request_sync(0, method, params, 20000)
    for _, each in pairs(found or {}) do
      assert(not each.error, vim.inspect(each.error))
      return each.result
    end
    error("no answer to " .. method)
  end
  local function clients()
    local list = vim.lsp.get_clients and vim.lsp.get_clients() or vim.lsp.get_active_clients()
    return list
  end
  local function at(pattern)
    local lines = vim.api.nvim_buf_get_lines(0, 0, -1, false)
    for number, line in ipairs(lines) do
      local from = line:find(pattern, 1, true)
      if from then
        vim.api.nvim_win_set_cursor(0, { number, from - 1 })
        return number
      end
    end
    error("not in the file: " .. pattern)
  end
  local function place()
    local client = clients()[1]
    return vim.lsp.util.make_position_params(0, client.offset_encoding)
  end

  vim.cmd("edit triage.dspy")
  assert(vim.bo.filetype == "dspy", "file type: " .. vim.bo.filetype)
  assert(vim.bo.shiftwidth == 4 and vim.bo.expandtab and vim.bo.commentstring == "# %s")
  wait("a client", function()
    return #clients() == 1 and (clients()[1].initialized or not modern)
  end)

  -- The mistake arrives, and its page.
  wait("the finding", function()
    return #vim.diagnostic.get(0) > 0
  end)
  local found = vim.diagnostic.get(0)[1]
  assert(found.message:find("no field `urgncy`", 1, true), found.message)
  assert(found.lnum == at("found.urgncy") - 1)

  -- Hover, also in its window.
  at("ChainOfThought(Classify)")
  local hover = request("textDocument/hover", place())
  assert(hover.contents.value:find("class ChainOfThought", 1, true), vim.inspect(hover))
  vim.lsp.buf.hover()
  wait("the hover's window", function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= "" then
        local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
        return table.concat(lines, "\n"):find("ChainOfThought", 1, true) ~= nil
      end
    end
  end)

  -- Definition, into Python.
  at("find_articles(found.intent")
  local places = request("textDocument/definition", place())
  places = places.uri and { places } or places
  assert(places[1].uri:find("tools.py", 1, true), vim.inspect(places))

  -- Completion behind a dot.
  at("urgncy")
  local offered = request("textDocument/completion", place())
  local labels = {}
  for _, item in ipairs(offered.items or offered) do
    labels[item.label] = true
  end
  assert(labels.urgency and labels.intent, vim.inspect(labels))

  -- The mistake goes away with its cause.
  vim.cmd("%s/urgncy/urgency/")
  wait("no finding", function()
    return #vim.diagnostic.get(0) == 0
  end)

  -- Rename.
  at("signature Classify")
  vim.cmd("normal! w")
  vim.lsp.buf.rename("Sort")
  wait("the new name", function()
    return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"):find("ChainOfThought(Sort)", 1, true) ~= nil
  end)

  -- Format.
  vim.cmd("%s/classify(message=message)/classify( message = message )/")
  if vim.lsp.buf.format then
    vim.lsp.buf.format({ async = false, timeout_ms = 20000 })
  else
    vim.lsp.buf.formatting_sync(nil, 20000)
  end
  at("classify(message=message)")

  -- Indentation, by the file of editors/vim.
  local typed = "Go<Esc>o<C-u>def f(x: int) -> int:<CR>if x > 1:<CR>return g(<CR>x,<CR>)<CR>else:<CR>return 0<Esc>"
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(typed, true, true, true), "tx", false)
  local written = vim.api.nvim_buf_get_lines(0, -8, -1, false)
  local expected = {
    "def f(x: int) -> int:",
    "    if x > 1:",
    "        return g(",
    "            x,",
    "        )",
    "    else:",
    "        return 0",
  }
  assert(vim.deep_equal(expected, written), vim.inspect(written))

  if modern then
    -- Colours by tree-sitter, with the parser that was built here.
    vim.cmd("DspycBuildParser")
    vim.cmd("edit!")
    local line = at("signature Classify")
    vim.treesitter.get_parser(0):parse(true)
    local captures = vim.treesitter.get_captures_at_pos(0, line - 1, 10)
    local names = {}
    for _, each in ipairs(captures) do
      names[each.capture] = true
    end
    assert(names["type.definition"], vim.inspect(captures))
    assert(vim.treesitter.get_node({ pos = { line - 1, 10 } }):type() == "identifier")
  end
  for _, each in ipairs(clients()) do
    each.stop()
  end
end

local ok, problem = xpcall(run, debug.traceback)
if not ok then
  io.stderr:write(problem .. "\n")
  vim.cmd("cquit!")
end
io.stdout:write("neovim " .. tostring(vim.version().minor) .. " is right\n")
vim.cmd("qall!")

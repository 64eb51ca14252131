-- dspyc for Neovim: the file type, the language server, and colours by tree-sitter where its parser is built.
-- Older Neovim (0.7 to 0.10) gets the same server by `vim.lsp.start` or `start_client`.

if vim.g.loaded_dspyc then
  return
end
vim.g.loaded_dspyc = true

local here = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h:h")
local grammar = vim.fn.fnamemodify(here .. "/../tree-sitter-dspy", ":p")
local library = vim.fn.stdpath("data") .. "/dspyc/dspy.so"

vim.filetype.add({ extension = { dspy = "dspy" } })

-- The language server.
if vim.lsp.enable then
  vim.lsp.enable("dspyc")
else
  local group = vim.api.nvim_create_augroup("dspyc", {})
  local client
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    pattern = "dspy",
    callback = function(event)
      local markers = { "dspyc.toml", "pyproject.toml", ".git" }
      local name = vim.api.nvim_buf_get_name(event.buf)
      local found = vim.fs and vim.fs.find(markers, { path = vim.fs.dirname(name), upward = true })[1]
      local root = found and vim.fs.dirname(found) or vim.fn.fnamemodify(name, ":h")
      local config = {
        name = "dspyc",
        cmd = { require("dspyc").command(root), "lsp" },
        root_dir = root,
        get_language_id = function()
          return "dspyc"
        end,
      }
      if vim.lsp.start then
        vim.lsp.start(config)
      else
        client = client or vim.lsp.start_client(config)
        vim.lsp.buf_attach_client(event.buf, client)
      end
    end,
  })
end

-- Colours, folds and indentation by tree-sitter.
local function use_parser()
  if not (vim.treesitter.language and vim.treesitter.language.add and vim.treesitter.query.set) then
    return false -- before Neovim 0.9; the syntax file colours
  end
  if vim.fn.filereadable(library) == 0 then
    return false
  end
  vim.treesitter.language.add("dspy", { path = library })
  -- The name by which the language server's hovers call the language.
  vim.treesitter.language.register("dspy", "dspyc")
  for _, path in ipairs(vim.fn.glob(grammar .. "queries/*.scm", false, true)) do
    local name = vim.fn.fnamemodify(path, ":t:r")
    vim.treesitter.query.set("dspy", name, table.concat(vim.fn.readfile(path), "\n"))
  end
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "dspy",
    callback = function(event)
      vim.treesitter.start(event.buf, "dspy")
    end,
  })
  return true
end

use_parser()

vim.api.nvim_create_user_command("DspycBuildParser", function()
  vim.fn.mkdir(vim.fn.fnamemodify(library, ":h"), "p")
  local source = grammar .. "src/"
  local command = { vim.env.CC or "cc", "-O2", "-shared", "-fPIC", "-I", source }
  vim.list_extend(command, { source .. "parser.c", source .. "scanner.c", "-o", library })
  local said = vim.fn.system(command)
  if vim.v.shell_error ~= 0 then
    vim.api.nvim_err_writeln("the parser cannot be built: " .. said)
  elseif use_parser() then
    vim.cmd("doautoall <nomodeline> FileType")
  else
    vim.api.nvim_err_writeln("the parser is built; Neovim 0.9 and newer colour with it")
  end
end, { desc = "Build dspyc's tree-sitter parser with the C compiler" })

-- The language server of dspyc, for Neovim 0.11 and newer: `vim.lsp.enable("dspyc")`.

---@type vim.lsp.Config
return {
  cmd = function(dispatchers, config)
    local root = config and config.root_dir
    return vim.lsp.rpc.start({ require("dspyc").command(root), "lsp" }, dispatchers, { cwd = root })
  end,
  filetypes = { "dspy" },
  root_markers = { "dspyc.toml", "pyproject.toml", ".git" },
  get_language_id = function()
    return "dspyc"
  end,
}

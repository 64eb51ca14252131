-- The language server of dspyc, for Neovim 0.11 and newer: `vim.lsp.enable("dspyc")`.

---Prefer the project's own environment, as the project's programs do.
---@param root string|nil
local function command(root)
  for _, folder in ipairs({ ".venv", "venv" }) do
    for _, name in ipairs({ "bin/dspyc", "Scripts/dspyc.exe" }) do
      local path = root and vim.fs.joinpath(root, folder, name)
      if path and vim.uv.fs_stat(path) then
        return path
      end
    end
  end
  return "dspyc"
end

---@type vim.lsp.Config
return {
  cmd = function(dispatchers, config)
    local root = config and config.root_dir
    return vim.lsp.rpc.start({ command(root), "lsp" }, dispatchers, { cwd = root })
  end,
  filetypes = { "dspy" },
  root_markers = { "dspyc.toml", "pyproject.toml", ".git" },
  get_language_id = function()
    return "dspyc"
  end,
}

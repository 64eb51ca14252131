-- What the configurations for newer and older Neovim share.

local dspyc = {}

---The command of the server: that of the project's own environment, as the project's programs use, else the path's.
---@param root string|nil
function dspyc.command(root)
  for _, folder in ipairs({ ".venv", "venv" }) do
    for _, name in ipairs({ "bin/dspyc", "Scripts/dspyc.exe" }) do
      local path = root and table.concat({ root, folder, name }, "/")
      if path and (vim.uv or vim.loop).fs_stat(path) then
        return path
      end
    end
  end
  return "dspyc"
end

return dspyc

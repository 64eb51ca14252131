-- What the configurations for newer and older Neovim share.

local dspyc = {}
local uv = vim.uv or vim.loop
local told = {}

---Whether two paths lead to the same folder.
local function same(one, other)
  return uv.fs_realpath(one) ~= nil and uv.fs_realpath(one) == uv.fs_realpath(other)
end

---Whether what is in an environment may run: it is active, or the user says so. A repository can bring one along.
---@param environment string
---@param root string
local function trusts(environment, root)
  if vim.env.VIRTUAL_ENV and same(vim.env.VIRTUAL_ENV, environment) then
    return true
  end
  local given = vim.g.dspyc_trusts_venv
  for _, folder in ipairs(type(given) == "table" and given or {}) do
    if same(vim.fn.expand(folder), root) then
      return true
    end
  end
  return given == true or given == 1
end

---The command of the server: that of the project's own environment where that is trusted, else the path's.
---@param root string|nil
function dspyc.command(root)
  for _, folder in ipairs(root and { ".venv", "venv" } or {}) do
    local environment = root .. "/" .. folder
    for _, name in ipairs({ "bin/dspyc", "Scripts/dspyc.exe" }) do
      local path = environment .. "/" .. name
      if uv.fs_stat(path) and trusts(environment, root) then
        return path
      elseif uv.fs_stat(path) and vim.fn.executable("dspyc") == 0 and not told[path] then
        told[path] = true
        local help = " runs once you activate its environment or set vim.g.dspyc_trusts_venv"
        vim.notify("dspyc: " .. path .. help, vim.log.levels.WARN)
      end
    end
  end
  return "dspyc"
end

return dspyc

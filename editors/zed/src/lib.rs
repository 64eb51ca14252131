//! Starts the language server of dspyc: the project's own, or the one on the path.

use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct Dspyc;

impl zed::Extension for Dspyc {
    fn new() -> Self {
        Dspyc
    }

    fn language_server_command(&mut self, _id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let command = worktree.which("dspyc").ok_or_else(|| {
            "`dspyc` is not on the path; install it with `pip install dspyc` in the project's environment".to_string()
        })?;
        Ok(Command { command, args: vec!["lsp".to_string()], env: worktree.shell_env() })
    }
}

zed::register_extension!(Dspyc);

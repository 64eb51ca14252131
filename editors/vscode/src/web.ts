/** The extension in a browser without a machine behind it: highlighting and snippets, and a word about the rest. */

import * as vscode from "vscode";

export function activate(context: vscode.ExtensionContext): void {
  const status = vscode.languages.createLanguageStatusItem("dspyc.server", { language: "dspyc" });
  status.name = "dspyc language server";
  status.text = "dspyc: highlighting only";
  status.detail = "the language server needs a machine that runs Python";
  context.subscriptions.push(status);
  for (const name of ["prompt", "graph", "trace", "run", "debug", "test", "eval", "optimize", "restart", "install", "showOutput", "createSettings"]) {
    context.subscriptions.push(
      vscode.commands.registerCommand(`dspyc.${name}`, () =>
        vscode.window.showInformationMessage(
          "In the browser there is highlighting and there are snippets; everything else needs a machine that runs Python.",
        ),
      ),
    );
  }
}

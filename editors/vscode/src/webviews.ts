/** Pages of webviews: nothing but the extension's own script and style runs in them. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** What a webview may load: files of these folders. */
export function resources(extension: vscode.Uri): vscode.Uri[] {
  return [vscode.Uri.joinPath(extension, "dist"), vscode.Uri.joinPath(extension, "media")];
}

/**
 * The page of a webview: a script, a style, and an empty body that the script fills.
 *
 * @param script the file in `dist/webview`.
 */
export function page(webview: vscode.Webview, extension: vscode.Uri, script: string, title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const uri = (...parts: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(extension, ...parts)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'; img-src blob:;`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri("media", "views.css")}">
<title>${title}</title>
</head>
<body><main></main><script nonce="${nonce}" src="${uri("dist", "webview", script)}"></script></body>
</html>`;
}

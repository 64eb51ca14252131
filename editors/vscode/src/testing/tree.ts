/** The tests and evaluations of the workspace in the Testing view, as the server lists them. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Range } from "vscode-languageclient";

export type Kind = "test" | "evaluate";

interface Listed {
  readonly uri: string;
  readonly items: readonly { readonly kind: Kind; readonly name: string; readonly range: Range }[];
}

/** Milliseconds of rest after a change. */
const REST = 400;

/** What an item of the view stands for. */
export interface Meaning {
  readonly kind: Kind;
  readonly name: string;
}

/** Fills the view, and keeps it as the files are. */
export class TestTree implements vscode.Disposable {
  private readonly meanings = new WeakMap<vscode.TestItem, Meaning>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly controller: vscode.TestController,
    private readonly client: () => LanguageClient | undefined,
  ) {
    const watcher = vscode.workspace.createFileSystemWatcher("**/*.dspy");
    const changed = (uri: vscode.Uri): void => this.later(uri);
    controller.refreshHandler = () => this.refresh();
    this.subscriptions = [
      watcher,
      watcher.onDidCreate(changed),
      watcher.onDidChange(changed),
      watcher.onDidDelete((uri) => controller.items.delete(uri.toString())),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.languageId === "dspyc" && document.uri.scheme === "file") {
          this.later(document.uri);
        }
      }),
    ];
  }

  /** What an item stands for; undefined for a file. */
  meaning(item: vscode.TestItem): Meaning | undefined {
    return this.meanings.get(item);
  }

  /** The item of a test or an evaluation of a file. */
  async find(uri: vscode.Uri, kind: Kind, name: string): Promise<vscode.TestItem | undefined> {
    await this.update(uri);
    return this.controller.items.get(uri.toString())?.children.get(`${kind} ${name}`);
  }

  /** List the tests of all files. */
  async refresh(): Promise<void> {
    const client = this.client();
    const found = await ask(client, {});
    if (client !== undefined && found !== undefined) {
      this.controller.items.replace(found.map((each) => this.file(client, each)));
    }
  }

  private later(uri: vscode.Uri): void {
    const key = uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(key, setTimeout(() => void this.update(uri), REST));
  }

  private async update(uri: vscode.Uri): Promise<void> {
    const client = this.client();
    if (client === undefined) {
      return;
    }
    const [found] = (await ask(client, { textDocument: { uri: client.code2ProtocolConverter.asUri(uri) } })) ?? [];
    if (found === undefined || found.items.length === 0) {
      this.controller.items.delete(uri.toString());
    } else {
      this.controller.items.add(this.file(client, found));
    }
  }

  private file({ protocol2CodeConverter: convert }: LanguageClient, listed: Listed): vscode.TestItem {
    const uri = convert.asUri(listed.uri);
    const item = this.controller.items.get(uri.toString()) ??
      this.controller.createTestItem(uri.toString(), vscode.workspace.asRelativePath(uri), uri);
    item.children.replace(
      listed.items.map(({ kind, name, range }) => {
        const id = `${kind} ${name}`;
        const child = item.children.get(id) ?? this.controller.createTestItem(id, name, uri);
        child.range = convert.asRange(range);
        child.sortText = String(range.start.line).padStart(8, "0");
        if (kind === "evaluate") {
          child.description = "evaluation";
        }
        this.meanings.set(child, { kind, name });
        return child;
      }),
    );
    return item;
  }

  dispose(): void {
    this.timers.forEach((each) => clearTimeout(each));
    this.subscriptions.forEach((each) => void each.dispose());
  }
}

/** What a server lists, which may stop meanwhile. */
async function ask(client: LanguageClient | undefined, params: object): Promise<Listed[] | undefined> {
  try {
    return await client?.sendRequest<Listed[]>("dspyc/tests", params);
  } catch {
    return undefined; // an older server, or one that stops; its log says more
  }
}

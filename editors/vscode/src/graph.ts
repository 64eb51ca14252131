/** The data flow of the program under the cursor as a picture that follows the text. */

import type * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { FollowingView, type Place } from "./webviews";

export type ToGraphView = { readonly kind: "graph"; readonly name: string; readonly svg: string } | { readonly kind: "problem"; readonly text: string };

const REST = 250;

export class GraphView extends FollowingView<{ readonly kind: "ready" }, ToGraphView> {
  constructor(
    extension: vscode.Uri,
    private readonly client: () => LanguageClient | undefined,
    private readonly absence: () => string,
  ) {
    super(extension, { type: "dspyc.graph", title: "Data flow", script: "graph.js" }, REST);
  }

  protected said(): void {
    this.later();
  }

  protected async update({ document, position }: Place): Promise<void> {
    const client = this.client();
    if (client === undefined) {
      this.tell({ kind: "problem", text: this.absence() });
      return;
    }
    const params = client.code2ProtocolConverter.asTextDocumentPositionParams(document, position);
    try {
      const found = await client.sendRequest<{ name: string; svg: string } | null>("dspyc/graph", params);
      this.tell(
        found === null
          ? { kind: "problem", text: "This file declares no module or program, so there is no data flow." }
          : { kind: "graph", ...found },
      );
    } catch (problem) {
      this.tell({ kind: "problem", text: problem instanceof Error ? problem.message : String(problem) });
    }
  }
}

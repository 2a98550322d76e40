/** Reads `docs/guarantees.md`: one table row for each guarantee, which starts with its id and names its tests. */

/** One guarantee. */
export interface GuaranteeRow {
  readonly id: string;
  /** The test files that it names, from the project's root. */
  readonly tests: readonly string[];
}

/** Every table row whose first cell is `G<n>`. */
export function guaranteeRows(markdown: string): GuaranteeRow[] {
  return markdown.split('\n').flatMap((line) => {
    const id = /^\|\s*(?:\*\*|`|<a id="\w+"><\/a>)*(G\d+)\b[^|]*\|/.exec(line)?.[1];
    if (id === undefined) return [];
    const tests = line.match(/\b(?:src|test)\/[\w./-]+\.test(?:-d)?\.ts\b/g) ?? [];
    return [{ id, tests: [...new Set(tests)] }];
  });
}

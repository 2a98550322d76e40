/** Finds relative links in Markdown, and the anchors that a Markdown file offers. */

/** A link to another file or to a heading. */
export interface Link {
  readonly line: number;
  readonly path: string;
  readonly anchor: string | undefined;
}

/** Relative links; those to other sites are left alone. */
export function relativeLinks(markdown: string): Link[] {
  return withoutCode(markdown)
    .split('\n')
    .flatMap((text, index) => {
      const inline = [...text.matchAll(/\]\((?<target>[^)\s]+)(?:\s+"[^"]*")?\)/g)];
      const references = [...text.matchAll(/^\[[^\]]+\]:\s+(?<target>\S+)/g)];
      return [...inline, ...references]
        .map((match) => match.groups!['target']!)
        .filter((target) => !/^[a-z]+:/i.test(target))
        .map((target) => {
          const [path, anchor] = target.split('#', 2);
          return { line: index + 1, path: decodeURI(path!), anchor };
        });
    });
}

/** The anchors of headings, made as GitHub makes them, and explicit ids. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of withoutCode(markdown, { keepSpans: true }).split('\n')) {
    for (const match of line.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(match[1]!);
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    let unique = slug;
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function slugOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function withoutCode(markdown: string, { keepSpans = false } = {}): string {
  const withoutBlocks = markdown.replace(/^\s*(`{3,})[\s\S]*?^\s*\1\s*$/gm, (block) => block.replace(/[^\n]/g, ''));
  return keepSpans ? withoutBlocks : withoutBlocks.replace(/`[^`\n]*`/g, '');
}

/** What the checker needs to know of one source file, read with the TypeScript parser. */
import ts from 'typescript';

/** One mention of another module: import, export-from, dynamic import, `import('x').T`, require. */
export interface ModuleReference {
  /** Undefined when it is computed and cannot be checked. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** A name that is read or declared. */
export interface NameUse {
  readonly name: string;
  readonly line: number;
}

/** The facts of one file. */
export interface SourceFacts {
  readonly references: readonly ModuleReference[];
  /** Names read (as values or types) that the file nowhere declares: globals. */
  readonly globals: readonly NameUse[];
  /** Names that the file declares or imports. */
  readonly declarations: readonly NameUse[];
  /** Reads of the clock or of randomness through an otherwise harmless name. */
  readonly hiddenReads: readonly NameUse[];
  readonly functions: readonly { readonly line: number; readonly lines: number }[];
  /** Lines of top-level statements that are not `export … from`. */
  readonly otherStatements: readonly number[];
  readonly lines: number;
}

/** Parses one file. */
export function readSource(path: string, text: string): SourceFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const lastLineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getEnd()).line + 1;

  const references: ModuleReference[] = [];
  const declarations: NameUse[] = [];
  const reads: NameUse[] = [];
  const hiddenReads: NameUse[] = [];
  const functions: { line: number; lines: number }[] = [];

  const visit = (node: ts.Node): void => {
    const reference = moduleReference(node);
    if (reference !== undefined) references.push({ specifier: reference.specifier, line: lineOf(node) });
    const hidden = hiddenRead(node);
    if (hidden !== undefined) hiddenReads.push({ name: hidden, line: lineOf(node) });
    if (ts.isIdentifier(node)) {
      const use = { name: node.text, line: lineOf(node) };
      const role = roleOf(node);
      if (role === 'declaration') declarations.push(use);
      if (role === 'read') reads.push(use);
    }
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      functions.push({ line: lineOf(node), lines: lastLineOf(node.body) - lineOf(node.body) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);

  const declared = new Set(declarations.map(({ name }) => name));
  return {
    references: [...references, ...file.referencedFiles.map(({ fileName }) => ({ specifier: fileName, line: 1 }))],
    globals: reads.filter(({ name }) => !declared.has(name)),
    declarations,
    hiddenReads,
    functions,
    otherStatements: file.statements.filter((statement) => !isReExport(statement)).map(lineOf),
    lines: text.trimEnd().split('\n').length,
  };
}

function isReExport(statement: ts.Statement): boolean {
  return ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;
}

function moduleReference(node: ts.Node): { specifier: string | undefined } | undefined {
  if (ts.isImportDeclaration(node)) return literal(node.moduleSpecifier);
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier && literal(node.moduleSpecifier);
  if (ts.isExternalModuleReference(node)) return literal(node.expression);
  if (ts.isImportTypeNode(node))
    return literal(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isImport || isRequire ? literal(node.arguments[0]) : undefined;
}

function literal(node: ts.Node | undefined): { specifier: string | undefined } {
  return { specifier: node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined };
}

/** `Math.random`, `Date.now`, `Temporal.Now`, `new Date()` and `Date()`, also by index or by destructuring. */
const HIDDEN: readonly (readonly [object: string, property: string])[] = [
  ['Math', 'random'],
  ['Date', 'now'],
  ['Temporal', 'Now'],
];

function hiddenRead(node: ts.Node): string | undefined {
  if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && isNamed(node.expression, 'Date')) {
    const readsNow = ts.isCallExpression(node) || node.arguments === undefined || node.arguments.length === 0;
    return readsNow ? 'Date()' : undefined;
  }
  for (const [object, property] of HIDDEN) {
    const name = `${object}.${property}`;
    if (ts.isPropertyAccessExpression(node) && isNamed(node.expression, object) && node.name.text === property) {
      return name;
    }
    if (ts.isElementAccessExpression(node) && isNamed(node.expression, object)) {
      // A computed key could be any property.
      const key = node.argumentExpression;
      if (!ts.isStringLiteralLike(key) || key.text === property) return name;
    }
    if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && isNamed(node.initializer, object)) {
      const takes = node.name.elements.some(
        (element) =>
          element.dotDotDotToken !== undefined || (element.propertyName ?? element.name).getText() === property,
      );
      if (takes) return name;
    }
  }
  return undefined;
}

function isNamed(node: ts.Node | undefined, name: string): boolean {
  return node !== undefined && ts.isIdentifier(node) && node.text === name;
}

function roleOf(node: ts.Identifier): 'read' | 'declaration' | 'neither' {
  const { parent } = node;
  if (ts.isImportSpecifier(parent)) return parent.name === node ? 'declaration' : 'neither';
  if (ts.isExportSpecifier(parent)) return isLocalExport(parent, node) ? 'read' : 'neither';
  if (ts.isImportClause(parent) || ts.isNamespaceImport(parent) || ts.isImportEqualsDeclaration(parent)) {
    return 'declaration';
  }
  if (ts.isNamespaceExport(parent)) return 'neither';
  if (ts.isBindingElement(parent) && parent.propertyName === node) return 'neither';
  if (isMemberName(parent, node)) return 'neither';
  if (isLabelOrMeta(parent)) return 'neither';
  // `as const` parses as a reference to a type of that name.
  if (ts.isTypeReferenceNode(parent) && node.text === 'const') return 'neither';
  if (ts.isImportTypeNode(parent)) return 'neither';
  if (ts.isShorthandPropertyAssignment(parent)) return 'read';
  if (ts.isTypePredicateNode(parent) && parent.parameterName === node) return 'neither';
  if ('name' in parent && parent.name === node) {
    return isSignatureParameter(parent) ? 'neither' : 'declaration';
  }
  return 'read';
}

function isLocalExport(specifier: ts.ExportSpecifier, node: ts.Identifier): boolean {
  return specifier.parent.parent.moduleSpecifier === undefined && (specifier.propertyName ?? specifier.name) === node;
}

/** A name after a dot, or of a member: it is looked up in an object, not in a scope. */
function isMemberName(parent: ts.Node, node: ts.Identifier): boolean {
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  const isMember =
    ts.isPropertyAssignment(parent) ||
    ts.isClassElement(parent) ||
    ts.isTypeElement(parent) ||
    ts.isEnumMember(parent) ||
    ts.isNamedTupleMember(parent) ||
    ts.isImportAttribute(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isAccessor(parent);
  return isMember && parent.name === node;
}

function isLabelOrMeta(parent: ts.Node): boolean {
  return ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent) || ts.isMetaProperty(parent);
}

/** A parameter of a type (`(date: Date) => void`) names nothing that code could read. */
function isSignatureParameter(parent: ts.Node): boolean {
  return ts.isParameter(parent) && !('body' in parent.parent && parent.parent.body !== undefined);
}

/** Type-checks examples as a user's strict project would, with `truechimer` standing for the sources. */
import { resolve } from 'node:path';
import ts from 'typescript';

/** Files by name, checked in one program; answers `file:line: message` for every error in them. */
export function typeCheck(files: readonly string[], root: string): { file: string; line: number; message: string }[] {
  const read = ts.readConfigFile(resolve(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent({ ...read.config, include: [], files: [...files] }, ts.sys, root);
  const program = ts.createProgram([...files], {
    ...options,
    // An example shows a value without using it, and exports nothing.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
  });
  const own = new Set(files.map((file) => resolve(file)));
  return ts.getPreEmitDiagnostics(program).flatMap(({ file, start, messageText }) => {
    if (file !== undefined && !own.has(resolve(file.fileName))) return [];
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line;
    return [{ file: file?.fileName ?? '', line, message: ts.flattenDiagnosticMessageText(messageText, '\n') }];
  });
}

import type { Problem, SourceFile } from './sourceFile.ts'

const junk = ['utils', 'util', 'helpers', 'helper', 'common', 'shared', 'misc']
const vague = ['data', 'info', 'manager', 'managers']
/**
 * Also bad as the last word, as in `queueManager` and `textUtils`. `dataCoding` is a term of SMPP.
 */
const vagueEndings = /(utils?|helpers?|manager|misc)$/i

export function junkDrawers(files: readonly SourceFile[]): Problem[] {
  return files.flatMap(({ path }) => {
    const name = path
      .split('/')
      .map((part) => part.replace(/\..*$/, ''))
      .find((part) => isJunk(part))
    if (name === undefined) return []
    const message =
      `"${name}" says nothing about what is inside. Name the file or folder after the one ` +
      'thing it does, and move it to the room that owns that'
    return [{ path, line: 1, message }]
  })
}

function isJunk(name: string): boolean {
  const lower = name.toLowerCase()
  return junk.includes(lower) || vague.includes(lower) || vagueEndings.test(name)
}

/**
 * A file with a single export must be named after it, ignoring the endings Table and Wire. Part of
 * the name of the export is enough: `createLogger` may live in `log.ts`, the constant `TLVS` in
 * `tlvTable.ts`, and `encodeReceipts` in `receiptWire.ts`.
 */
export function misnamedFiles(files: readonly SourceFile[]): Problem[] {
  return files
    .filter(
      (file) => file.isCode && !file.isTest && !/(main|index|\.config)\.[jt]s$/.test(file.path),
    )
    .flatMap((file) => {
      const stem = file.path.replace(/^.*\//, '').replace(/\..*$/, '')
      const { values, types } = exportsOf(file)
      const main = values.length > 0 ? values : types
      const camelCase = /^[a-z][a-zA-Z0-9]*$/.test(stem)
      const fits = [...values, ...types].some((name) => carries(name, stem))
      if (camelCase && (main.length !== 1 || fits)) return []
      const message = camelCase
        ? `exports only ${main[0]}. Name the file after it`
        : `"${stem}" is not camelCase. Rename the file after its main export`
      return [{ path: file.path, line: 1, message }]
    })
}

function carries(name: string, stem: string): boolean {
  return name
    .replaceAll('_', '')
    .toLowerCase()
    .includes(stem.replace(/(Table|Wire)$/, '').toLowerCase())
}

function exportsOf(file: SourceFile): { values: string[]; types: string[] } {
  const values: string[] = []
  const types: string[] = []
  file.visit({
    ExportNamedDeclaration({ declaration, specifiers, source }) {
      for (const { exported } of source ? [] : specifiers) {
        if ('name' in exported) values.push(exported.name)
      }
      switch (declaration?.type) {
        case 'FunctionDeclaration':
        case 'ClassDeclaration':
          if (declaration.id) values.push(declaration.id.name)
          break
        case 'VariableDeclaration':
          for (const { id } of declaration.declarations) {
            if (id.type === 'Identifier') values.push(id.name)
          }
          break
        case 'TSInterfaceDeclaration':
        case 'TSTypeAliasDeclaration':
          types.push(declaration.id.name)
          break
        default:
      }
    },
  })
  return { values, types }
}

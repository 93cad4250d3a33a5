import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { CliError } from './cliError.ts'
import { ProblemResponse } from './httpCall.ts'
import type { Problem } from './httpCall.ts'

export interface PlatformFile {
  /** The name to show to users, for example `platform.yaml` or `stdin`. */
  readonly name: string
  /** The document without its revision. */
  readonly document: unknown
  /** The revision of the platform that was exported; undefined in a file written by hand. */
  readonly revision: number | undefined
  /** Formats the server's errors as `platform.yaml:7:5: connectors[0].port: expected …`. */
  explain(problem: Problem): string
}

/** Reads a platform as YAML, which includes JSON. The name `-` means stdin. */
export async function readPlatformFile(file: string): Promise<PlatformFile> {
  return parsePlatform(await readText(file), file === '-' ? 'stdin' : file)
}

async function readText(file: string): Promise<string> {
  if (file === '-') return textOf(process.stdin)
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'ENOENT' ? 'the file does not exist' : cause.message
    const code = cause.code ?? 'FILE'
    throw new CliError(`${file}: ${what}. Pass the platform's YAML file with -f FILE`, {
      code,
      cause,
    })
  })
}

export function parsePlatform(text: string, file: string): PlatformFile {
  const lineCounter = new LineCounter()
  const yaml = parseDocument(text, { lineCounter, prettyErrors: false, merge: true })
  const [fault] = yaml.errors
  const at = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return `${file}:${line}:${col}`
  }
  if (fault) {
    const [offset] = fault.pos
    const message = `${at(offset)}: ${fault.message}\n${excerpt(text, lineCounter, offset)}`
    throw new CliError(message, { code: 'YAML', cause: fault })
  }
  const { revision, document } = withoutRevision(toJs(yaml, file), (fault) => {
    const message = `${at(offsetOf(yaml, '#/revision'))}: revision: ${fault}`
    return new CliError(message, { code: 'INVALID_PLATFORM' })
  })
  return {
    name: file,
    document,
    revision,
    explain: ({ detail, errors, pointers }) =>
      errors.length === 0
        ? `${file}: ${detail}`
        : errors
            .map((one, index) => `${at(offsetOf(yaml, pointers[index] ?? ''))}: ${one}`)
            .join('\n'),
  }
}

/** Runs a call that sends the file. If the content is invalid, the error names its lines. */
export async function withPlaces<Result>(
  file: PlatformFile,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof ProblemResponse) || error.status !== 422) throw error
    const message = file.explain(error.problem)
    throw new CliError(message, { code: 'INVALID_PLATFORM', cause: error })
  }
}

function withoutRevision(
  content: unknown,
  fault: (what: string) => CliError,
): Pick<PlatformFile, 'revision' | 'document'> {
  if (typeof content !== 'object' || content === null || !('revision' in content))
    return { revision: undefined, document: content }
  const { revision, ...document } = content
  const isRevision = typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= 0
  if (isRevision) return { revision, document }
  throw fault(`expected a whole number such as 12, got ${JSON.stringify(revision)}`)
}

function toJs(yaml: Document.Parsed, file: string): unknown {
  try {
    return yaml.toJS() as unknown // `yaml` types the result as any; the server validates it
  } catch (cause) {
    // The aliases would expand to more nodes than `yaml` allows.
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(`${file}: ${what}`, { code: 'YAML', cause })
  }
}

/** The line that contains `offset`, with a caret below the column. */
function excerpt(text: string, lineCounter: LineCounter, offset: number): string {
  const { line, col } = lineCounter.linePos(offset)
  const content = text.split(/\r?\n/)[line - 1] ?? ''
  const start = Math.max(0, col - 70)
  return `    ${content.slice(start, start + 100)}\n    ${' '.repeat(col - 1 - start)}^`
}

/** The offset of the node that a JSON pointer names, or of its nearest existing ancestor. */
function offsetOf(yaml: Document.Parsed, pointer: string): number {
  const keys = pointer
    .replace(/^#?\/?/, '')
    .split('/')
    .filter(Boolean)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  let node: unknown = yaml.contents
  let offset = startOf(node) ?? 0
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(yaml)
    if (isMap(node)) {
      const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === key)
      if (!pair) return offset
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(key)]
      offset = startOf(node) ?? offset
    } else {
      return offset
    }
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  // Every node of a parsed document has a range, whose first number is its start offset.
  const range = (node as { range?: readonly number[] } | null | undefined)?.range
  return range?.[0]
}

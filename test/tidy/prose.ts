import type { SourceFile } from './sourceFile.ts'

/** The text of a paragraph, a table row or a comment, joined into one line. */
export interface ProseBlock {
  readonly path: string
  readonly text: string
  lineAt(offset: number): number
}

interface ProseLine {
  readonly line: number
  readonly text: string
}

/** Pages written by programs. Proofs are also records of the past. */
const generated = /^docs\/(?:proofs\/|smpp-api\.md$)/

/** The prose of a Markdown file, or the comments of a code file. */
export function proseOf(file: SourceFile): ProseBlock[] {
  const groups = file.isCode ? commentLines(file) : markdownLines(file)
  return groups.map((lines) => blockOf(file.path, lines))
}

/** Lines of Markdown outside code blocks and tables. */
export function markdownProse(file: SourceFile): ProseLine[] {
  return markdownLines(file)
    .flat()
    .filter(({ text }) => !isTableRow(text))
}

function markdownLines(file: SourceFile): ProseLine[][] {
  if (!file.path.endsWith('.md') || generated.test(file.path)) return []
  const groups: ProseLine[][] = [[]]
  let isCode = false
  for (const [index, text] of file.lines.entries()) {
    const isFence = text.trimStart().startsWith('```')
    if (isFence) isCode = !isCode
    if (isCode || isFence) continue
    if (/^\s*(?:$|[-*#|]|\d+\. )/.test(text)) groups.push([])
    groups.at(-1)?.push({ line: index + 1, text })
  }
  return groups
}

function isTableRow(text: string): boolean {
  return text.trimStart().startsWith('|')
}

/** Groups line comments on consecutive lines into one comment. */
function commentLines(file: SourceFile): ProseLine[][] {
  const groups: ProseLine[][] = []
  for (const { value, start } of file.comments) {
    const first = file.lineAt(start)
    const lines = value.split('\n').map((text, index) => ({ line: first + index, text }))
    const previous = groups.at(-1)
    if (previous?.at(-1)?.line === first - 1) previous.push(...lines)
    else groups.push(lines)
  }
  return groups
}

function blockOf(path: string, lines: readonly ProseLine[]): ProseBlock {
  const starts: { readonly offset: number; readonly line: number }[] = []
  let text = ''
  for (const { line, text: own } of lines) {
    const words = own.replace(/^\s*(?:[*|-]|\d+\.)?\s*/, '').trim()
    if (words === '') continue
    if (text !== '') text += ' '
    starts.push({ offset: text.length, line })
    text += words
  }
  return {
    path,
    text: text.replace(/`[^`]*`/g, (code) => 'x'.repeat(code.length)),
    lineAt: (at) => starts.findLast(({ offset }) => offset <= at)?.line ?? 1,
  }
}

import type { Problem, SourceFile } from './sourceFile.ts'

/** Matched against codes of Node and OpenSSL, which are short and no peer's to choose. */
const ownInput = new Set(['src/smpp/transport/smppConnectError.ts'])

/**
 * What a peer sends may be a run of 65,000 of anything, and a pattern that goes over the run again
 * from each place in it takes seconds. Only two shapes are sure not to: from the beginning of the
 * text with one run in it, or anywhere with one run as its end, behind which nothing can fail.
 */
export function slowPatterns(files: readonly SourceFile[]): Problem[] {
  const read = files.filter(
    ({ path, isCode, isTest }) =>
      isCode && !isTest && path.startsWith('src/smpp/') && !ownInput.has(path),
  )
  return read.flatMap((file) => {
    const problems: Problem[] = []
    const add = (start: number, pattern: string) =>
      problems.push({
        path: file.path,
        line: file.lineAt(start),
        message: `${pattern} is not sure to be linear in what a peer sends. Write a loop`,
      })
    file.visit({
      Literal(node) {
        if (!('regex' in node)) return
        const { pattern, flags } = node.regex
        if (!isLinear(pattern, flags)) add(node.start, `/${pattern}/${flags}`)
      },
      NewExpression({ callee, start }) {
        if (callee.type === 'Identifier' && callee.name === 'RegExp') add(start, 'new RegExp')
      },
    })
    return problems
  })
}

function isLinear(pattern: string, flags: string): boolean {
  // An escape and a class stand for one character, whatever is in them.
  const plain = pattern.replace(/\\(?:[pP]\{\w+\}|.)/g, 'x').replace(/\[[^\]]*\]/g, 'x')
  const runs = [...plain.matchAll(/[*+]|\{\d+,\}/g)]
  const [first] = runs
  if (!first) return true
  if (runs.length > 1) return false
  const isAtStart = plain.startsWith('^') && !flags.includes('m') && !hasChoice(plain)
  return isAtStart || /^\??$/.test(plain.slice(first.index + first[0].length))
}

/** Outside of any group: `^` holds for the first of its sides only. */
function hasChoice(plain: string): boolean {
  let depth = 0
  for (const character of plain) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === '|' && depth === 0) return true
  }
  return false
}

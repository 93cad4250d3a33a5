import type { Problem, SourceFile } from './sourceFile.ts'

/**
 * Patterns in these files match only error codes of Node and OpenSSL, which are short and not
 * chosen by a peer.
 */
const ownInput = new Set(['src/smpp/transport/smppConnectError.ts'])

/**
 * A peer may send 65,000 equal characters. A pattern that searches such a run again from every
 * position in it takes seconds. Only two shapes of pattern are certainly linear. The first is
 * anchored at the beginning of the text and has one quantifier. The second ends with its only
 * quantifier, after which nothing can fail.
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
        message: `${pattern} may take more than linear time for input from a peer. Write a loop`,
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
  // An escape or a character class matches one character, so both are replaced with one.
  const plain = pattern.replace(/\\(?:[pP]\{\w+\}|.)/g, 'x').replace(/\[[^\]]*\]/g, 'x')
  const runs = [...plain.matchAll(/[*+]|\{\d+,\}/g)]
  const [first] = runs
  if (!first) return true
  if (runs.length > 1) return false
  const isAtStart = plain.startsWith('^') && !flags.includes('m') && !hasChoice(plain)
  return isAtStart || /^\??$/.test(plain.slice(first.index + first[0].length))
}

/**
 * Whether the pattern has an alternative outside any group. `^` then applies only to the first
 * alternative.
 */
function hasChoice(plain: string): boolean {
  let depth = 0
  for (const character of plain) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === '|' && depth === 0) return true
  }
  return false
}

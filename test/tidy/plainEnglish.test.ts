import { describe, expect, test } from 'vitest'
import { constructs, unplainEnglish } from './plainEnglish.ts'
import { overlongProse } from './sizes.ts'
import { formatProblem, SourceFile } from './sourceFile.ts'
import type { Rule } from './sourceFile.ts'

describe('in a comment and in Markdown', () => {
  test.each(constructs.map(({ refuses }) => refuses))(
    'this sentence is refused: %s',
    (sentence) => {
      const wrapped = sentence.replace(/ (?=\S+$)/, '\n// ')
      const code = `const a = 1\n// It is short. ${wrapped}\nconst b = 2`
      expect(objections(unplainEnglish, { 'src/a.ts': code })).toMatch(/^src\/a.ts:[23] /)
      expect(objections(unplainEnglish, { 'src/a.ts': `/**\n * ${sentence}\n */` })).toContain(':2')
      for (const text of [`# A\n\n- ${sentence}`, `# A\n\n| b | ${sentence} |`])
        expect(objections(unplainEnglish, { 'docs/a.md': text })).toContain('docs/a.md:3 ')
    },
  )

  test.each([
    'The list is empty; there are none.',
    'None of the binds is up.',
    'Of course, a bind may close.',
    'Of two copies, as a lost link leaves them, the delivered one counts.',
    'Who may send it? The specification says so.',
    'The peer who closes first decides.',
    'It also ends when the peer closes.',
    'A port that cannot be opened is an error.',
    'It has waited for so long that it expires.',
    'From then on, since when it ended no longer matters, it is ignored.',
    'Answer with a yes or no question.',
    'The value `that is none` is code.',
  ])('this sentence passes: %s', (sentence) => {
    const files = { 'src/a.ts': `// ${sentence}`, 'docs/a.md': sentence }
    expect(objections(unplainEnglish, files)).toBe('')
  })

  test('code, code blocks and generated pages are not checked as prose', () => {
    const text = 'Throws if an alphabet is none.'
    const files = {
      'src/a.ts': `const a = '${text}'`,
      'docs/a.md': `\`\`\`\n${text}\n\`\`\``,
      'docs/proofs/a.md': text,
    }
    expect(objections(unplainEnglish, files)).toBe('')
  })
})

test('101 columns are too many for prose, but not for a table or code block', () => {
  const long = `${'word '.repeat(20)}w`
  expect(objections(overlongProse, { 'a.md': `# A\n\n${long}` })).toContain('a.md:3 ')
  const exempt = `| ${long} |\n\n\`\`\`\n${long}\n\`\`\`\n\nhttps://x/${'a'.repeat(120)}`
  expect(objections(overlongProse, { 'a.md': exempt })).toBe('')
})

function objections(rule: Rule, files: Readonly<Record<string, string>>): string {
  const sources = Object.entries(files).map(([path, text]) => new SourceFile(path, text))
  return rule(sources).map(formatProblem).join('\n')
}

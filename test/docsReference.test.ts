import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GENERATED_PAGES } from '../scripts/generatedPages.ts'
import { root } from '../scripts/runStep.ts'
import { settings } from '../src/runtime/settings.ts'

test.each(Object.entries(GENERATED_PAGES))(
  'docs/%s.md is what the code says',
  async (name, page) => {
    const kept = readFileSync(join(root, `docs/${name}.md`), 'utf8')
    if (kept !== (await page())) throw new Error(`docs/${name}.md is out of date: run npm run docs`)
  },
)

/** What every component runs, or may run. The types say which of its settings a component sees. */
const SHARED = ['src/runtime', 'src/components']

test('each setting is mentioned by the components that it names as its readers', () => {
  const unread = Object.entries(settings).flatMap(([field, { readBy }]) =>
    readBy
      .filter((reader) => {
        const own = reader === 'up' ? 'src/cli/up' : `src/components/${reader}`
        return ![own, ...SHARED].some((folder) => sourceOf(folder).includes(field))
      })
      .map((reader) => `${field} is not read by ${reader}`),
  )
  expect(unread).toEqual([])
})

test('every setting that a document names exists', () => {
  const known = new Set<string>(Object.values(settings).map(({ name }) => name))
  const unknown = ['.', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
      .flatMap((name) => {
        const text = readFileSync(join(root, folder, name), 'utf8')
        return [...text.matchAll(/\bSIGNALBOX_[A-Z_]*[A-Z]\b/g)].map(
          ([found]) => `${name}: ${found}`,
        )
      })
      .filter((found) => !known.has(found.split(': ')[1] ?? '')),
  )
  expect(unknown).toEqual([])
})

const sources = new Map<string, string>()

/** The code of a folder, without the table of settings itself. */
function sourceOf(folder: string): string {
  const known = sources.get(folder)
  if (known !== undefined) return known
  const text = readdirSync(join(root, folder))
    .filter((name) => /(?<!\.test|\.fixture)\.ts$/.test(name) && !/settings\.ts$/i.test(name))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n')
  sources.set(folder, text)
  return text
}

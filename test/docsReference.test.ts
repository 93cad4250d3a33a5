import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fastify, type FastifySchema } from 'fastify'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { inputTable } from '../scripts/fieldTable.ts'
import { GENERATED_PAGES } from '../scripts/generatedPages.ts'
import { routesOf } from '../scripts/routeReference.ts'
import { root } from '../scripts/runStep.ts'
import { platformSchema } from '../src/platform/platformDocument.ts'
import { platformProblems } from '../src/platform/platformProblems.ts'
import { settings } from '../src/runtime/settings.ts'

test.each(Object.entries(GENERATED_PAGES))(
  'docs/%s.md is up to date with the code',
  async (name, page) => {
    const kept = readFileSync(join(root, `docs/${name}.md`), 'utf8')
    if (kept !== (await page())) throw new Error(`docs/${name}.md is out of date: run npm run docs`)
  },
)

/** Each of these pages shows one complete platform file. */
test.each(['README.md', 'docs/platform-fields.md'])('the platform file in %s is valid', (page) => {
  const files = [...readFileSync(join(root, page), 'utf8').matchAll(/^```yaml\n([^]*?)^```$/gm)]
  expect(files).toHaveLength(1)
  const document = platformSchema.parse(parse(files[0]?.[1] ?? ''))
  expect(platformProblems(document)).toEqual([])
})

test.each([
  [z.strictObject({ a: z.boolean() }), 'a has no description'],
  [z.strictObject({ a: z.int().min(1).max(2).describe('A.') }), 'a has no unit'],
  [z.strictObject({ a: z.int().min(1).meta({ description: 'A.', unit: 'ms' }) }), 'no upper limit'],
  [z.strictObject({ a: z.string().regex(/^a$/).describe('A.') }), 'a has a pattern'],
])('a schema field that the reference could not describe fully is an error', (schema, message) => {
  expect(() => inputTable(schema)).toThrow(message)
})

const SCHEMAS: readonly (FastifySchema | undefined)[] = [
  undefined,
  { response: { 200: z.string() } },
  { summary: 'Read x' },
]

test.each(SCHEMAS)('a route whose only documentation is %j is an error', async (schema) => {
  const server = fastify()
  server.register(async (api) => {
    api.get('/x', { ...(schema && { schema }) }, () => 'x')
  })
  await expect(routesOf(server)).rejects.toThrow('GET /x is not described')
  await server.close()
})

/**
 * Folders of code that any component may run. The types decide which settings that code can read.
 */
const SHARED = ['src/runtime', 'src/components']

test('every component listed in the `readBy` of a setting reads that setting', () => {
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

test('every setting named in a document exists', () => {
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

/** The code of a folder, without its tests and without the tables of settings. */
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

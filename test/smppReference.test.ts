import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readExports } from '../scripts/readExports.ts'
import { root } from '../scripts/runStep.ts'
import { smppReference } from '../scripts/smppReference.ts'

const { markdown, undocumented } = smppReference()

test('every export of the library, with its options and methods, has a doc comment', () => {
  if (undocumented.length > 0) throw new Error(`\n${undocumented.join('\n')}\n`)
})

/** Exports that no specification describes. */
const ownIdeas = new Set([
  'joinOctets',
  'Session.pauseReading',
  'Session.resumeReading',
  'Session.[Symbol.asyncDispose]',
])

test('every function and session method names the clause of its specification', () => {
  const clause = /(SMPP (3\.4|5\.0)|TS 23\.0(38|40)|proxy-protocol\.txt) (§\d|appendix B)/
  const all = readExports(join(root, 'src/smpp/index.ts'))
  const functions = all.filter(({ kind }) => kind === 'function')
  const session = all.find(({ name }) => name === 'Session')
  const methods = (session?.members ?? [])
    .filter(({ text, name }) => text.includes('(') && name !== 'constructor')
    .filter(({ text }) => !text.startsWith('set '))
    .map(({ name, doc }) => ({ name: `Session.${name}`, doc }))
  const told = [...functions, ...methods]
  expect(methods.length).toBeGreaterThan(10)
  expect(told.map(({ name }) => name)).toEqual(expect.arrayContaining([...ownIdeas]))
  const without = told.filter(
    ({ name, doc }) => !ownIdeas.has(name) && !clause.test(doc.replaceAll('\n', ' ')),
  )
  expect(without.map(({ name }) => name)).toEqual([])
})

test('the reference lists session methods, PDUs, TLVs and status codes', () => {
  for (const line of [
    /^### Session\n/m,
    /^\| `respond</m,
    /^\| `submit_sm` \| 0x00000004 \| 3\.3 \| ESME: BOUND_TX BOUND_TRX \| `service_type` C6,/m,
    /^\| `sar_msg_ref_num` \| 0x020c \| number \| 2 \|$/m,
    /^\| `ESME_RTHROTTLED` \| `0x58` \| throttled \|/m,
    /^\| `UCS2` \| `0x08` \| Big endian/m,
  ])
    expect(markdown).toMatch(line)
})

test('internal links of the reference lead to its headings', () => {
  const anchors = new Set<string>()
  for (const [, heading = ''] of markdown.matchAll(/^##+ (.*)$/gm)) {
    const anchor = heading.toLowerCase().replaceAll(' ', '-')
    anchors.add(anchors.has(anchor) ? `${anchor}-1` : anchor)
  }
  const links = [...markdown.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor)
  expect(links.length).toBeGreaterThan(100)
  expect(links.filter((link) => !anchors.has(link ?? ''))).toEqual([])
})

test('readExports returns overloads, methods, options and values with their comments', () => {
  const found = exportsOf({
    'index.ts': "export * from './a.ts'\nexport { type Shape, seen } from './b.ts'\n",
    'a.ts': `/** One. */
export function one(a: string): void
export function one(b: number): void
export function one(): void {}
/** Many. */
export class Many {
  #own = 1
  /** Twice. */
  twice(n: number): number {}
  get size(): number {}
  /** Ours. @internal */
  inside() {}
}
`,
    'b.ts': `/** Not exported. */
export const hidden = 1

/** A shape. */
export interface Shape {
  /**
   * In
   * octets.
   */
  readonly size?: number
}
// Seen.
export const seen = { /** First. */ A: 0x0a } as const
`,
  })
  expect(found.map(({ name, doc }) => [name, doc])).toEqual([
    ['one', 'One.'],
    ['Many', 'Many.'],
    ['Shape', 'A shape.'],
    ['seen', ''],
  ])
  const [one, many, shape, seen] = found
  expect(one?.declaration).toBe('function one(a: string): void\nfunction one(b: number): void')
  expect(many?.members).toEqual([
    { name: 'twice', line: 9, doc: 'Twice.', text: 'twice(n: number): number' },
    { name: 'size', line: 10, doc: '', text: 'size: number' },
  ])
  expect(shape?.members).toMatchObject([{ text: 'size?: number', doc: 'In\noctets.' }])
  expect(seen?.members).toMatchObject([{ name: 'A', text: '0x0a', doc: 'First.' }])
})

test('an alias of a generic type is described by the generic type, under its own name', () => {
  const found = exportsOf({
    'index.ts':
      "export { Owner } from './owner.ts'\nexport type { Events, All } from './events.ts'\n",
    'owner.ts': `import type { EventsOf } from './parts/eventsOf.ts'
/** An owner. */
export class Owner {
  /** Hears. */
  hear(events: EventsOf<Owner>): void {}
}
`,
    'events.ts': `import type { AllOf, EventsOf } from './parts/eventsOf.ts'
import type { Owner } from './owner.ts'
/** What an owner hears. */
export interface Events extends EventsOf<Owner> {}
export type All = AllOf<Owner>
`,
    'parts/eventsOf.ts': `/** All. */
export type AllOf<Owner> = { readonly one?: Owner }
/** Hidden. */
export interface EventsOf<Owner> extends Pick<AllOf<Owner>, 'one'> {
  /** Each. */
  readonly all: AllOf<Owner>
}
`,
  })
  const [owner, events, all] = found
  expect(owner?.members).toMatchObject([{ text: 'hear(events: Events): void' }])
  expect(events).toMatchObject({
    doc: 'What an owner hears.',
    declaration: "interface Events extends Pick<All, 'one'>",
    members: [{ text: 'all: All', doc: 'Each.' }],
  })
  const declaration = 'type All = { readonly one?: Owner }'
  expect(all).toMatchObject({ name: 'All', doc: 'All.', declaration })
})

test('an export that its file does not declare is an error', () => {
  const files = { 'index.ts': "export { b } from './a.ts'\n", 'a.ts': 'export const a = 1\n' }
  expect(() => exportsOf(files)).toThrow('index.ts exports b, which is not in a.ts')
})

function exportsOf(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-exports-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return readExports(join(folder, 'index.ts'))
}

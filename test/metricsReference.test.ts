import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { METRICS } from '../scripts/metricsReference.ts'
import { root } from '../scripts/runStep.ts'

const names = new Set(
  Object.values(METRICS)
    .flat()
    .flatMap(({ kind, name }) =>
      kind === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
)

function metricsNamedIn(text: string): string[] {
  const found = [...text.matchAll(/\bsignalbox_[a-z_]+\b/g)].map(([name]) => name)
  // These names of databases start with the same prefix.
  return found.filter((name) => !['signalbox_template', 'signalbox_test'].includes(name))
}

/** Folders with files that mention metrics: documents, and programs that read /metrics. */
const READERS = ['docs', 'bench', 'test', '.']

test('every metric named in a document, bench or test exists', () => {
  const files = READERS.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(md|ts)$/.test(entry.name))
      .filter(({ name }) => !/^(metricsLint|CHANGELOG)/.test(name))
      .map(({ name }) => join(root, folder, name)),
  )
  const unknown = files.flatMap((path) =>
    metricsNamedIn(readFileSync(path, 'utf8'))
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`),
  )
  expect(unknown).toEqual([])
  expect(files.length).toBeGreaterThan(50)
})

test('no component defines a metric name twice', () => {
  for (const definitions of Object.values(METRICS)) {
    const defined = definitions.map(({ name }) => name)
    expect(defined).toEqual([...new Set(defined)])
  }
})

// `npm run docs:smpp`: writes docs/smpp-api.md. A test fails when it is not what this would write.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './runStep.ts'
import { smppReference } from './smppReference.ts'

const usage = `Usage: npm run docs:smpp

Writes docs/smpp-api.md from the doc comments of what src/smpp/index.ts exports, and names what
has none.`

try {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } })
  if (values.help) console.log(usage)
  else write()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 1
}

function write(): void {
  const { markdown, undocumented } = smppReference()
  writeFileSync(join(root, 'docs/smpp-api.md'), markdown)
  console.log('docs/smpp-api.md')
  if (undocumented.length === 0) return
  console.error(`\n${undocumented.join('\n')}\n\nWrite a doc comment above each.`)
  process.exitCode = 1
}

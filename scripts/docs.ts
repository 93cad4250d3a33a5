// `npm run docs`: writes the pages of docs/ that are generated from the code. A test fails if one
// of these pages is out of date.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GENERATED_PAGES } from './generatedPages.ts'
import { root } from './runStep.ts'

const names = Object.keys(GENERATED_PAGES)
const usage = `Usage: npm run docs [-- PAGE ...]

Writes the pages of docs/ that are generated from the code: ${names.join(', ')}.
Without a PAGE, writes all of them.`

try {
  const { positionals, values } = parseArgs({
    options: { help: { type: 'boolean' } },
    allowPositionals: true,
  })
  if (values.help) console.log(usage)
  else await write(positionals.length > 0 ? positionals : names)
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 1
}

async function write(pages: readonly string[]): Promise<void> {
  for (const name of pages) {
    const page = GENERATED_PAGES[name]
    if (!page) throw new Error(`unknown page ${name}`)
    writeFileSync(join(root, `docs/${name}.md`), await page())
    console.log(`docs/${name}.md`)
  }
}

// `npm run docs:metrics`: writes docs/metrics.md. A test fails if the page is out of date.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { metricsReference } from './metricsReference.ts'
import { root } from './runStep.ts'

writeFileSync(join(root, 'docs/metrics.md'), metricsReference())
console.log('docs/metrics.md')

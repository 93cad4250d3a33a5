// Runs the linter of Prometheus on the metrics of every component.

import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { METRICS } from '../scripts/metricsReference.ts'
import { debianProgram, isMissing } from './interop/debianProgram.ts'
import { startStack } from './stack.ts'

const withPromtool = test.skipIf(isMissing('SIGNALBOX_NO_PROMTOOL'))

withPromtool('promtool reports no problem with our metrics', async () => {
  const promtool = debianProgram('promtool', 'prometheus')
  const stack = await startStack({})
  onTestFinished(async () => void (await stack.stop()))
  for (const component of Object.keys(METRICS)) {
    const answer = await fetch(`http://127.0.0.1:${stack.ready.ports[component]}/metrics`)
    const input = ours(await answer.text())
    const { status, stderr, stdout } = spawnSync(promtool, ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    })
    expect({ component, status, says: stdout + stderr }).toEqual({ component, status: 0, says: '' })
  }
})

/** Removes the metrics of Node, some of which are gauges that end in _total. */
function ours(page: string): string {
  const lines = page.split('\n').filter((line) => /^(# (HELP|TYPE) )?signalbox_/.test(line))
  return `${lines.join('\n')}\n`
}

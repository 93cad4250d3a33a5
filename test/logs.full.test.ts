import { expect, onTestFinished, test } from 'vitest'
import { CONNECTORS, expectNoStacks, linesAbout, linesOfOutage } from './outageLines.ts'
import { ScriptedPlatform } from './scriptedPlatform.ts'

test('a carrier outage of over two minutes logs four lines for each connector', async () => {
  const platform = await ScriptedPlatform.start()
  onTestFinished(() => platform.stop())
  const lines = await linesOfOutage(platform, 130_000)
  for (const connector of CONNECTORS) {
    expect(linesAbout(lines, connector, 'upstream binds are down')).toHaveLength(1)
    expect(linesAbout(lines, connector, 'upstream binds are still down')).toHaveLength(2)
    expect(linesAbout(lines, connector, 'upstream binds are up')).toHaveLength(1)
  }
  expect(lines).toHaveLength(4 * CONNECTORS.length)
  expectNoStacks(lines)
})

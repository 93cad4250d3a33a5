import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

/** A Linux device to which every write fails because there is no space. */
const FULL = '/dev/full'

test('a process continues if its log cannot be written', async ({ skip }) => {
  skip(!existsSync(FULL), 'this system has no /dev/full')
  const log = fileURLToPath(new URL('log.ts', import.meta.url))
  const code = `
    import { createLogger } from ${JSON.stringify(log)}
    const log = createLogger('router', { logLevel: 'info', logFormat: 'json', instance: 'x' })
    let lines = 0
    const timer = setInterval(() => {
      log.warn('nobody will read this')
      if (++lines < 20) return
      clearInterval(timer)
      process.exit(7)
    }, 5)`
  const stdout = openSync(FULL, 'w')
  const args = ['--input-type=module', '-e', code]
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  closeSync(stdout)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [exitCode] = await once(child, 'close')
  expect(stderr).toBe('')
  expect(exitCode).toBe(7)
})

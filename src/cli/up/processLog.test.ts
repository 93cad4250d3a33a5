import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fatalOf, ProcessLog, troubleOf } from './processLog.ts'

function newLog(): { log: ProcessLog; shown: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-log-'))
  const shown: string[] = []
  const log = new ProcessLog({
    file: join(folder, 'router.log'),
    filter: troubleOf,
    show: (line) => shown.push(line),
  })
  onTestFinished(() => {
    log.close()
    rmSync(folder, { recursive: true })
  })
  return { log, shown }
}

test('warnings and plain text are shown, and informational lines are hidden', () => {
  const { log, shown } = newLog()
  writeSync(log.fd, '{"level":"info","msg":"started"}\n{"level":"warn","msg":"the database is')
  log.read()
  writeSync(log.fd, ' unavailable","err":{"message":"ECONNREFUSED"}}\nplain text\n')
  log.read()
  expect(shown).toEqual(['warn  the database is unavailable: ECONNREFUSED', 'plain text'])
})

test('the loss of all upstream binds is shown with its reason, and so is the recovery', () => {
  const { log, shown } = newLog()
  const about = '"connector":"north","bindsUp":0'
  writeSync(
    log.fd,
    `{"level":"warn",${about},"reason":"refused","msg":"upstream binds are down"}\n` +
      `{"level":"info",${about},"lastedSeconds":9,"msg":"upstream binds are up"}\n` +
      `{"level":"info",${about},"msg":"upstream binds are up"}\n`,
  )
  log.read()
  expect(shown).toEqual([
    'warn  upstream binds are down (north): refused',
    'info  upstream binds are up (north)',
  ])
})

test('after 20 lines, further warnings are replaced by the name of the log file', () => {
  const { log, shown } = newLog()
  for (let i = 0; i < 5000; i++) writeSync(log.fd, '{"level":"error","msg":"again"}\n')
  log.read()
  expect(shown).toHaveLength(20)
  expect(shown.at(-1)).toBe(`more in ${log.file}`)
})

test('a file of 20 MB is rotated, and no line is read twice', () => {
  const { log, shown } = newLog()
  const chunk = `${'{"level":"info"}'.padEnd(1023)}\n`.repeat(1024)
  for (let i = 0; i < 20; i++) writeSync(log.fd, chunk)
  log.read()
  expect(log.size).toBe(0)
  writeSync(log.fd, '{"level":"warn","msg":"after"}\n')
  log.read()
  expect(shown).toEqual(['warn  after'])
  expect(readFileSync(`${log.file}.1`)).toHaveLength(20 * chunk.length)
})

test('linesSince returns only the lines written after the given position', () => {
  const { log } = newLog()
  writeSync(log.fd, 'old\n')
  const { size } = log
  writeSync(log.fd, 'signalbox: port 2775 is in use\nnew\n')
  expect(log.linesSince(size)).toEqual(['signalbox: port 2775 is in use', 'new'])
})

test('fatalOf() selects only those PostgreSQL errors that stop the server', () => {
  expect(fatalOf('FATAL:  could not write lock file "postmaster.pid"')).toBeDefined()
  expect(fatalOf('FATAL:  the database system is starting up')).toBeUndefined()
  expect(fatalOf('ERROR:  duplicate key value')).toBeUndefined()
})

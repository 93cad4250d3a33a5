import { relative } from 'node:path'
import type { ReadyLine } from './installationFile.ts'

const SAMPLE = { to: '31612345678', from: 'Signalbox', text: 'Hello' }

/** The text that `up` prints when it is ready: all addresses, and commands to paste. */
export function readyText(line: ReadyLine, home: string): string {
  const { smpp, api, admin, smsc } = line
  const seconds = (performance.now() / 1000).toFixed(1)
  const rows = [
    ['SMPP', `${smpp.host}:${smpp.port}`, smppCredentials(smpp)],
    ['HTTP API', api.url, api.key ? `key ${api.key}` : ''],
    ['Admin API', admin.url, `token ${admin.token}`],
    ['Upstream', smsc ? `${smsc.host}:${smsc.port}` : '', 'simulated SMSC'],
    ['Home', relative('', home) || home, 'database, logs, secrets'],
  ].filter(([, place]) => place !== '')
  const width = Math.max(...rows.map(([, place = '']) => place.length)) + 3
  const table = rows.map(([what = '', place = '', more = '']) =>
    `  ${what.padEnd(12)}${place.padEnd(width)}${more}`.trimEnd(),
  )
  const title = `Signalbox is ready after ${seconds} s. Ctrl-C stops it.`
  return ['', title, '', ...table, '', ...nextSteps(line), ''].join('\n')
}

function smppCredentials({ systemId, password }: ReadyLine['smpp']): string {
  return systemId ? `system_id ${systemId}, password ${password}` : ''
}

function nextSteps({ api }: ReadyLine): string[] {
  // If the user set SIGNALBOX_HOME for `up`, the next commands need the same setting.
  const home = process.env['SIGNALBOX_HOME']
  const chosen = home ? `SIGNALBOX_HOME=${quoted(home)} ` : ''
  if (!api.key) return [`Next: ${chosen}npx signalbox apply -f platform.yaml`, '']
  return [
    'Send a message, and follow it to its receipt:',
    '',
    `  ${chosen}npx signalbox send --to ${SAMPLE.to} --text "${SAMPLE.text}"`,
    '',
    'or over HTTP:',
    '',
    `  curl ${api.url}/v1/messages -H 'authorization: Bearer ${api.key}' \\`,
    `    -H 'content-type: application/json' -d '${JSON.stringify(SAMPLE)}'`,
    '',
  ]
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

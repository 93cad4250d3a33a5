import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/cli/up/freePort.ts'
import { debianProgram } from './debianProgram.ts'
import { RunningProgram } from './runningProgram.ts'

const PASSWORD = 'secret'

export interface KannelBox {
  /** Resolves to the answer of the HTTP interface, such as `0: Accepted for delivery`. */
  sendSms(parameters: Readonly<Record<string, string>>): Promise<string>
  /** The lines that both programs have logged so far. */
  lines(): readonly string[]
  stop(): Promise<void>
}

export interface KannelOptions {
  /**
   * The port of our server. Two SMSCs lead to it: `trx` binds as a transceiver, `split` as a
   * transmitter and a receiver.
   */
  readonly smppPort: number
  /**
   * Called with GET for each message from a handset, with addresses, text and coding in the query.
   */
  readonly messageUrl: string
}

/** Starts Kannel's bearerbox and smsbox with their own configuration in a temporary folder. */
export async function startKannel(options: KannelOptions): Promise<KannelBox> {
  const bearerbox = debianProgram('bearerbox', 'kannel')
  const smsbox = debianProgram('smsbox', 'kannel')
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-kannel-'))
  // Kannel does not accept port 0.
  const adminPort = await freePort(0, '127.0.0.1')
  const smsboxPort = await freePort(0, '127.0.0.1')
  const sendSmsPort = await freePort(0, '127.0.0.1')
  const file = join(folder, 'kannel.conf')
  await writeFile(file, configuration({ ...options, adminPort, smsboxPort, sendSmsPort }))
  const bearer = new RunningProgram(bearerbox, [file])
  const programs = [bearer]
  async function stop(): Promise<void> {
    await Promise.all(programs.map((program) => program.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await bearer.line('MAIN: Start-up done')
    const sms = new RunningProgram(smsbox, [file])
    programs.push(sms)
    await sms.line(/Connected to bearerbox/)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    stop,
    lines: () => programs.flatMap(({ lines }) => lines),
    async sendSms(parameters) {
      const query = new URLSearchParams({ username: 'test', password: PASSWORD, ...parameters })
      const url = `http://127.0.0.1:${sendSmsPort}/cgi-bin/sendsms?${query.toString()}`
      return (await fetch(url)).text()
    },
  }
}

interface Ports {
  readonly adminPort: number
  readonly smsboxPort: number
  readonly sendSmsPort: number
}

function configuration({
  smppPort,
  messageUrl,
  adminPort,
  smsboxPort,
  sendSmsPort,
}: KannelOptions & Ports): string {
  const smsc = (id: string, lines: readonly string[]) => [
    'group = smsc',
    'smsc = smpp',
    `smsc-id = ${id}`,
    // A message for which sendsms names this SMSC goes only to it.
    `allowed-smsc-id = ${id}`,
    'host = 127.0.0.1',
    `smsc-username = ${id}`,
    `smsc-password = ${PASSWORD}`,
    'system-type = VMA',
    'enquire-link-interval = 1',
    ...lines,
    '',
  ]
  return [
    'group = core',
    `admin-port = ${adminPort}`,
    `admin-password = ${PASSWORD}`,
    'admin-interface = 127.0.0.1',
    `smsbox-port = ${smsboxPort}`,
    'smsbox-interface = 127.0.0.1',
    'dlr-storage = internal',
    // Seconds until a throttled message is sent again.
    'sms-resend-freq = 1',
    'log-level = 1',
    '',
    ...smsc('trx', [`port = ${smppPort}`, 'transceiver-mode = true']),
    ...smsc('split', [`port = ${smppPort}`]),
    ...smsc('split', [`receive-port = ${smppPort}`]),
    'group = smsbox',
    'bearerbox-host = 127.0.0.1',
    `sendsms-port = ${sendSmsPort}`,
    'sendsms-interface = 127.0.0.1',
    '',
    'group = sendsms-user',
    'username = test',
    `password = ${PASSWORD}`,
    'max-messages = 10',
    'concatenation = true',
    '',
    'group = sms-service',
    'keyword = default',
    'catch-all = true',
    'max-messages = 0',
    `get-url = "${messageUrl}?from=%p&to=%P&text=%b&coding=%c&smsc=%i"`,
    '',
  ].join('\n')
}

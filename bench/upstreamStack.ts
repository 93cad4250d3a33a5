import { join } from 'node:path'
import type { SmscOptions } from '../src/lab/smscOptions.ts'
import { startStack } from '../test/stack.ts'
import type { Stack, StackOptions } from '../test/stack.ts'
import { changePlatform, ledTo, widened } from './changePlatform.ts'
import type { Upstream } from './changePlatform.ts'
import { smscProcess } from './smscProcess.ts'
import type { SmscProcess } from './smscProcess.ts'

export interface UpstreamOptions {
  readonly stack?: StackOptions
  readonly smsc: Partial<Omit<SmscOptions, 'file' | 'onBinds'>>
  readonly connector: Omit<Upstream, 'port'>
}

export interface UpstreamStack {
  readonly stack: Stack
  readonly smsc: SmscProcess
  /** The file in which the SMSC records accepted messages, for readWitness. */
  readonly witness: string
  readonly smscPort: number
  /** Pids of the platform's processes. `smsc` is the SMSC of this benchmark, not the demo's. */
  pids(): Readonly<Record<string, number>>
  /** Address and credentials for connectSmpp and runLoad. */
  readonly customer: {
    readonly host: string
    readonly port: number
    readonly systemId: string
    readonly password: string
  }
  stop(): Promise<void>
}

/** Starts the platform of `signalbox up`, with every connector pointed to a separate SMSC. */
export async function upstreamStack(options: UpstreamOptions): Promise<UpstreamStack> {
  const stack = await startStack(options.stack ?? {})
  const smsc = smscProcess()
  const stop = async () => {
    await stack.stop()
    await smsc.stop()
  }
  try {
    const { host, port, systemId, password } = stack.ready.smpp
    if (systemId === undefined || password === undefined) throw new Error('no demo account')
    const witness = join(stack.home, 'smsc', 'bench.ndjson')
    const { port: smscPort } = await smsc.ask({ start: { ...options.smsc, file: witness } })
    await changePlatform(stack.ready.admin, (platform) =>
      ledTo(widened(platform), { ...options.connector, port: smscPort }),
    )
    const customer = { host, port, systemId, password }
    const pids = () => ({ ...stack.pids(), smsc: smsc.pid })
    return { stack, smsc, witness, smscPort, pids, customer, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

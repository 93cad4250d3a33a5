// Commands that run one of the six components in this process. Importing a component's main.ts
// starts the component, which reads its settings from the environment only.
import type { Command } from 'commander'
import type { ComponentName } from '../../runtime/componentName.ts'

const MAINS: Readonly<Record<ComponentName, readonly [string, () => Promise<unknown>]>> = {
  gateway: ["customers' SMPP binds and HTTP API", () => import('../../components/gateway/main.ts')],
  router: [
    'policy, route choice, durable acceptance',
    () => import('../../components/router/main.ts'),
  ],
  workers: ['upstream binds, submitting, pacing', () => import('../../components/workers/main.ts')],
  dlr: [
    'receipts, message states, deliveries to customers',
    () => import('../../components/dlr/main.ts'),
  ],
  admin: ['management API', () => import('../../components/admin/main.ts')],
  exporters: ['metrics of the whole platform', () => import('../../components/exporters/main.ts')],
}

export function registerComponents(program: Command): void {
  for (const [name, [does, load]] of Object.entries(MAINS)) {
    program
      .command(name)
      .description(`component: ${does}`)
      .addHelpText('after', '\nSettings come from the environment; `signalbox config` lists them.')
      .action(async () => void (await load()))
  }
}

// Plans the processes of the platform on this machine, and the environment of each process.
import { healthPortOf } from '../../runtime/componentName.ts'
import type { ComponentName } from '../../runtime/componentName.ts'
import type { Config } from '../../runtime/config.ts'
import { isFree } from './freePort.ts'
import type { Ports } from './supervisedProcess.ts'

export interface ProcessPlan {
  /** For example `router`, or `router-2` for the second router. */
  readonly name: string
  readonly component: ComponentName
  environment(ports: Ports): NodeJS.ProcessEnv
}

export interface PlanOptions {
  readonly config: Config
  readonly env: NodeJS.ProcessEnv
  /** The installation's id. */
  readonly installationId: string
  /** The environment variables that all processes share. */
  readonly common: NodeJS.ProcessEnv
  readonly counts: Partial<Record<ComponentName, number>>
  /** The ports of the last run, by process and purpose. */
  readonly listening: Readonly<Record<string, Ports>>
}

/** A port on which a process listens, and the environment variable that sets the port. */
interface Door {
  readonly name: string
  readonly variable: string
  readonly port: number
}

export const COMPONENTS: readonly ComponentName[] = [
  'gateway',
  'router',
  'workers',
  'dlr',
  'admin',
  'exporters',
]

export async function planProcesses(options: PlanOptions): Promise<ProcessPlan[]> {
  const plans = COMPONENTS.flatMap((component) => {
    const count = options.counts[component] ?? 1
    return Array.from({ length: count }, (_, index) => planProcess(component, index + 1, options))
  })
  return Promise.all(plans)
}

async function planProcess(
  component: ComponentName,
  number: number,
  options: PlanOptions,
): Promise<ProcessPlan> {
  const { config, common, installationId, listening } = options
  const name = number === 1 ? component : `${component}-${number}`
  const doors = await Promise.all(
    doorsOf(component, config).map(async (door) => {
      const former = listening[name]?.[door.name]
      return { ...door, port: await wantedPort(door, number, former, options) }
    }),
  )
  return {
    name,
    component,
    environment: (ports) => ({
      ...common,
      // Leases are held under this name, so it must be unique and the same at each start.
      SIGNALBOX_INSTANCE: `local-${installationId}-${component}-${number}`,
      ...Object.fromEntries(
        doors.map((door) => [door.variable, String(ports[door.name] ?? door.port)]),
      ),
    }),
  }
}

function doorsOf(component: ComponentName, config: Config): Door[] {
  const doors: Partial<Record<ComponentName, Door[]>> = {
    gateway: [
      { name: 'smpp', variable: 'SIGNALBOX_SMPP_PORT', port: config.smppPort },
      { name: 'http', variable: 'SIGNALBOX_HTTP_PORT', port: config.httpPort },
    ],
    router: [{ name: 'router', variable: 'SIGNALBOX_ROUTER_PORT', port: config.routerPort }],
    admin: [{ name: 'admin', variable: 'SIGNALBOX_ADMIN_PORT', port: config.adminPort }],
  }
  const health = { name: 'health', variable: 'SIGNALBOX_HEALTH_PORT' }
  return [...(doors[component] ?? []), { ...health, port: healthPort(component, config) }]
}

/** Under `signalbox up`, SIGNALBOX_HEALTH_PORT is the first of six ports, one per component. */
function healthPort(component: ComponentName, config: Config): number {
  if (!config.healthPort) return healthPortOf(component, config)
  return config.healthPort + COMPONENTS.indexOf(component)
}

/**
 * The first process of a component uses the configured port. If SIGNALBOX_PORTS is `auto`, it does
 * so only if that port is set explicitly. In all other cases, a process uses the port of its last
 * run if that port is free, or else any free port, which 0 stands for.
 */
async function wantedPort(
  door: Door,
  number: number,
  former: number | undefined,
  { config, env }: PlanOptions,
): Promise<number> {
  const isGiven = Boolean(env[door.variable]?.trim())
  if (number === 1 && (isGiven || config.ports === 'default')) return door.port
  return former !== undefined && (await isFree(former, config.host)) ? former : 0
}

export type ComponentName = 'gateway' | 'router' | 'workers' | 'dlr' | 'admin' | 'exporters'

/** The default port of each component for /healthz, /ready and /metrics. */
const healthPorts: Readonly<Record<ComponentName, number>> = {
  gateway: 9090,
  router: 9091,
  workers: 9092,
  dlr: 9093,
  admin: 9094,
  exporters: 9095,
}

export function healthPortOf(
  component: ComponentName,
  config: { readonly healthPort: number | undefined },
): number {
  return config.healthPort ?? healthPorts[component]
}

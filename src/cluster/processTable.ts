import type { Database } from '../database/database.ts'

/** A process that beat within this time counts as running. */
export const PROCESS_TTL_MS = 5_000
export const HEARTBEAT_INTERVAL_MS = 1_000

export interface RunningProcess {
  instance: string
  address: string
}

const BEAT = {
  name: 'processes.beat',
  text: `insert into processes (component, instance, address) values ($1, $2, $3)
    on conflict (component, instance) do update set address = $3, heartbeat_at = now()`,
}
const LEAVE = {
  name: 'processes.leave',
  text: 'delete from processes where component = $1 and instance = $2',
}
const READ = {
  name: 'processes.read',
  text: `select instance, address from processes
    where component = $1 and heartbeat_at > now() - $2 * interval '1 ms' order by instance`,
}

export async function beat(
  database: Database,
  component: string,
  instance: string,
  address: string,
): Promise<void> {
  await database.run(BEAT, [component, instance, address])
}

export async function leave(database: Database, component: string, instance: string) {
  await database.run(LEAVE, [component, instance])
}

export function readProcesses(database: Database, component: string): Promise<RunningProcess[]> {
  return database.run<RunningProcess>(READ, [component, PROCESS_TTL_MS])
}

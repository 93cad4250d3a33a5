import type { Database } from '../database/database.ts'
import type { ProcessList, RunningProcess } from './presence.ts'

/** A process that beat within this time counts as running. */
export const PROCESS_TTL_MS = 5_000

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
const COUNT = {
  name: 'processes.count',
  // count() is a bigint, which `pg` hands out as text: the cast makes a number of it.
  text: `select component, count(*)::float8 as processes from processes
    where heartbeat_at > now() - $1 * interval '1 ms' group by component`,
}
const REMOVE_OLD = {
  name: 'processes.removeOld',
  text: `delete from processes where heartbeat_at < now() - interval '1 hour'`,
}

/** The list of processes in the database. */
export function processList(database: Database): ProcessList {
  return {
    beat: async (component, instance, address) => {
      await database.run(BEAT, [component, instance, address])
    },
    leave: async (component, instance) => {
      await database.run(LEAVE, [component, instance])
    },
    read: (component) => database.run<RunningProcess>(READ, [component, PROCESS_TTL_MS]),
  }
}

export interface ProcessCount {
  component: string
  processes: number
}

/** How many processes of each component run now. */
export function countProcesses(run: Database['run']): Promise<ProcessCount[]> {
  return run<ProcessCount>(COUNT, [PROCESS_TTL_MS])
}

/** Forgets processes that ended without leaving the list. */
export async function removeOldProcesses(database: Database): Promise<void> {
  await database.run(REMOVE_OLD)
}

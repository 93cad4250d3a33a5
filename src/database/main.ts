// What `signalbox migrate` runs.
export { migrate } from './migrate.ts'

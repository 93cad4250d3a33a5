// The entry point of `signalbox migrate`.
export { migrate } from './migrate.ts'

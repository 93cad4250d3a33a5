// Runs only `signalbox simulate …`, in a separate process that a test can kill.
import { Command } from 'commander'
import { registerSimulate } from './simulate.ts'

const program = new Command('signalbox')
registerSimulate(program)
await program.parseAsync()

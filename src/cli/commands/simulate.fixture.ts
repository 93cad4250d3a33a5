// `signalbox simulate …` without the other commands, for a process that a test may kill.
import { Command } from 'commander'
import { registerSimulate } from './simulate.ts'

const program = new Command('signalbox')
registerSimulate(program)
await program.parseAsync()

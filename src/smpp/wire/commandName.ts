import { compiledById } from './codec.ts'
import type { CommandName } from './pduTable.ts'

/**
 * The name of a command_id (SMPP 3.4 §5.1.2.1, 5.0 §4.7.5), or undefined if no PDU has that
 * command_id. Use it for the numbers that onPduSent, onPduReceived, onAnswered and onMalformed
 * report. Never throws.
 */
export function commandName(command_id: number): CommandName | undefined {
  return compiledById(command_id)?.command
}

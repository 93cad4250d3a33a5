// The part of npm `smpp` 0.5.1 that tests and benches use: client, server and codec of another
// make. The package has no types of its own.
declare module 'smpp' {
  export interface Pdu {
    command: string
    command_status: number
    sequence_number: number
    system_id?: string
    password?: string
    message_id?: string
    receipted_message_id?: string
    source_addr?: string
    destination_addr?: string
    registered_delivery?: number
    short_message?: { message: string } | string
    message_state?: number
    esm_class?: number
    response(options?: Record<string, unknown>): Pdu
    toBuffer(): Buffer
  }
  export const PDU: { fromBuffer(octets: Buffer): Pdu | false }
  type Answer = (pdu: Pdu) => void
  type Fields = Record<string, unknown>
  export interface Session {
    on(event: 'connect' | 'secureConnect' | 'close', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: string, listener: (pdu: Pdu) => void): this
    send(pdu: Pdu, onAnswer?: Answer): boolean
    bind_transceiver(fields: Fields, onAnswer: Answer): boolean
    submit_sm(fields: Fields, onAnswer: Answer): boolean
    deliver_sm(fields: Fields, onAnswer: Answer): boolean
    unbind(onAnswer?: Answer): boolean
    pause(): void
    resume(): void
    close(onClosed?: () => void): void
    destroy(): void
  }
  export interface Server {
    listen(port: number, host: string, onListening: () => void): this
    address(): { port: number }
    close(onClosed?: () => void): void
  }
  /** PEM. */
  interface Tls {
    key?: string
    cert?: string
    ca?: string
    requestCert?: boolean
  }
  export function connect(options: { url: string } & Tls): Session
  export function createServer(onSession: (session: Session) => void): Server
  export function createServer(options: Tls, onSession: (session: Session) => void): Server
}

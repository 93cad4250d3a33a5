// Types for the part of npm `smpp` 0.5.1 that tests and benches use: client, server and codec of
// another implementation. The package has no types of its own.
declare module 'smpp' {
  export interface Pdu {
    command: string
    command_status: number
    sequence_number: number
    system_id?: string
    password?: string
    interface_version?: number
    sc_interface_version?: number
    message_id?: string
    receipted_message_id?: string
    source_addr?: string
    destination_addr?: string
    dest_address?: readonly Record<string, unknown>[]
    unsuccess_sme?: readonly Record<string, unknown>[]
    registered_delivery?: number
    data_coding?: number
    short_message?: { message: string } | string
    message_payload?: { message: string } | string
    final_date?: Date | string
    validity_period?: Date | string
    message_state?: number
    error_code?: number
    esm_class?: number
    esme_addr?: string
    user_message_reference?: number
    source_port?: number
    callback_num?: readonly Record<string, unknown>[]
    broadcast_area_identifier?: readonly Record<string, unknown>[]
    response(options?: Record<string, unknown>): Pdu
    toBuffer(): Buffer
  }
  export const PDU: { fromBuffer(octets: Buffer): Pdu | false }
  type Answer = (pdu: Pdu) => void
  type Fields = Record<string, unknown>
  interface Connection {
    on(event: 'connect' | 'secureConnect' | 'close', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: string, listener: (pdu: Pdu) => void): this
    send(pdu: Pdu, onAnswer?: Answer): boolean
    unbind(onAnswer?: Answer): boolean
    pause(): void
    resume(): void
    close(onClosed?: () => void): void
    destroy(): void
  }
  export type Request =
    | `bind_${'transmitter' | 'receiver' | 'transceiver'}`
    | `${'submit' | 'deliver' | 'data' | 'query' | 'cancel' | 'replace' | 'broadcast'}_sm`
    | `${'query' | 'cancel'}_broadcast_sm`
    | 'submit_multi'
    | 'enquire_link'
    | 'alert_notification'
    | 'outbind'
  export type Session = Connection & Record<Request, (fields: Fields, onAnswer?: Answer) => boolean>
  export interface Server {
    listen(port: number, host: string, onListening: () => void): this
    address(): { port: number }
    close(onClosed?: () => void): void
  }
  /** Keys and certificates in PEM format. */
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

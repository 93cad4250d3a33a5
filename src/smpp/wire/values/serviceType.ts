/** service_type (SMPP 3.4 §5.2.11); others are agreed on with the message centre. */
export const SERVICE_TYPE = {
  DEFAULT: '',
  CELLULAR_MESSAGING: 'CMT',
  CELLULAR_PAGING: 'CPT',
  VOICE_MAIL_NOTIFICATION: 'VMN',
  VOICE_MAIL_ALERT: 'VMA',
  WAP: 'WAP',
  USSD: 'USSD',
  /** Since 5.0. */
  CELL_BROADCAST: 'CBS',
  /** Since 5.0. */
  GENERIC_UDP_TRANSPORT: 'GUTS',
} as const

export type ServiceType = (typeof SERVICE_TYPE)[keyof typeof SERVICE_TYPE]

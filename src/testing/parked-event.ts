import type { ConsumerEvent } from '../model/consumer.js';

/** A record that was set aside, with the two ways out. @public */
export type ParkedEvent = Extract<ConsumerEvent, { readonly type: 'parked' }>;

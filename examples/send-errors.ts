// What a send can fail with, and which failures may be tried again without a duplicate.
// KAFKA_BROKERS=localhost:9092 TOPIC=small node --import ./scripts/ts.mjs examples/send-errors.ts
import { DeliveryError, Kafka, KafkaError, type Producer, RecordTooLargeError, utf8 } from 'rx-kafka';

const topic = process.env['TOPIC'] ?? 'small';
const maxBlockMs = Number(process.env['MAX_BLOCK_MS'] ?? 2000);
const bootstrapServers = process.env['KAFKA_BROKERS'] ?? 'localhost:9092';

async function attempt(what: string, producer: Producer<string, string>, value: string): Promise<void> {
  try {
    await producer.sendAndWait({ topic, value });
    console.log(what, 'is written');
  } catch (error) {
    if (error instanceof RecordTooLargeError) console.log(what, 'can never be written');
    else if (error instanceof DeliveryError && error.mayHaveBeenWritten) console.log(what, 'may have been written');
    else if (error instanceof DeliveryError && error.retriable) console.log(what, 'is late, try again');
    else if (KafkaError.is(error)) console.log(what, 'failed with', error.code);
    else throw error;
  }
}

const open = (servers: string, options: object = {}) => {
  const kafka = new Kafka({ bootstrapServers: servers });
  return { kafka, producer: kafka.producer({ keySerializer: utf8, valueSerializer: utf8, ...options }) };
};

const reachable = open(bootstrapServers, { maxBlockMs, maxRequestSize: 1000 });
await attempt('a small record', reachable.producer, 'small');
await attempt('a large record', reachable.producer, 'x'.repeat(2000));
await reachable.kafka.close();
await attempt('a record behind close', reachable.producer, 'small');

// nothing listens there
const unreachable = open('localhost:1', { maxBlockMs });
await attempt('a record without a broker', unreachable.producer, 'small');
await unreachable.kafka.close({ timeoutMs: 100 });

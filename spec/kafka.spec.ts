import { firstValueFrom } from 'rxjs';
import { Kafka, utf8 } from '../src/index.js';

describe('[N15] await using', () => {
  it('closes a producer and a consumer at the end of the block, and their Kafka lives on', async () => {
    const kafka = new Kafka();
    let producer = kafka.producer({ valueSerializer: utf8 });
    let consumer = kafka.consumer({ topics: 'a' });
    {
      await using own = producer;
      await using other = consumer;
      expect([own, other]).toEqual([producer, consumer]);
    }
    await expect(firstValueFrom(producer.send({ topic: 'a', value: 'v' }))).rejects.toMatchObject(closed);
    await expect(firstValueFrom(consumer.records$)).rejects.toMatchObject(closed);
    producer = kafka.producer({ valueSerializer: utf8 });
    consumer = kafka.consumer({ topics: 'a' });
    await kafka.close();
  });

  it('closes a Kafka with all of its clients, also when the block throws', async () => {
    const kafka = new Kafka();
    const producer = kafka.producer({ valueSerializer: utf8 });
    const failure = new Error('mine');
    const block = async (): Promise<void> => {
      await using own = kafka;
      expect(own).toBe(kafka);
      throw failure;
    };
    await expect(block()).rejects.toBe(failure);
    await expect(producer.sendAndWait({ topic: 'a', value: 'v' })).rejects.toMatchObject(closed);
    expect(() => kafka.producer()).toThrow('This Kafka is closed');
  });
});

const closed = { code: 'ERR_KAFKA_CLIENT_CLOSED' };

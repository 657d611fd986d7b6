import { firstValueFrom, map } from 'rxjs';
import { type Bytes, type Consumer, Kafka, type Producer, json, utf8 } from 'rx-kafka';
import { acknowledge, restartWithBackoff, toAsyncIterable } from 'rx-kafka/operators';
import { type Order, type R, is, kafka, orders, producer } from './prelude.js';

kafka.consumer({ topics: ['orders'], valueDeserializer: utf8, autoOffsetReset: 'earliest' }).records$.subscribe((r) => {
  const v: string = r.value;
  const k: Bytes | null = r.key;
  console.log(k, v);
});
await firstValueFrom(producer.send({ topic: 'invoices', value: { id: '1', total: 1 } }));
await producer.sendAndWait({ topic: 'invoices', key: 'a', value: { id: '1', total: 1 } });
for await (const r of toAsyncIterable(orders.records$)) {
  const q: number = r.value.qty;
  void q;
}
is<R>()(orders.records$.pipe(restartWithBackoff({ initialMs: 500 }), acknowledge()));
{
  const k2 = new Kafka();
  const raw = k2.consumer({ topics: ['a'] });
  is<Bytes | null>()(raw.records$.pipe(map((r) => r.value)));
  const rp: Producer<Bytes | null, Bytes | null> = k2.producer();
  void rp;
}
{
  const c: Consumer<string, Order> = kafka.consumer<string, Order>({
    topics: ['x'],
    keyDeserializer: utf8,
    valueDeserializer: json() as never,
  });
  void c;
}

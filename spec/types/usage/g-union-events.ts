import { map } from 'rxjs';
import { json, nullable, utf8 } from 'rx-kafka';
import { acknowledge, fanOut, filterValue, processEach } from 'rx-kafka/operators';
import { is, kafka } from './prelude.js';

type Ev =
  | { readonly type: 'created'; readonly id: string; readonly at: number }
  | { readonly type: 'cancelled'; readonly id: string; readonly reason: string };
const events = kafka.consumer({
  groupId: 'g',
  topics: 'events',
  keyDeserializer: nullable(utf8),
  valueDeserializer: json<Ev>(),
});
is<string>()(
  events.records$.pipe(
    filterValue((v) => v.type === 'cancelled'),
    acknowledge(),
    map((r) => r.value.reason + (r.key ?? '')),
  ),
);
const g = events.records$.pipe(
  fanOut(
    (e$) =>
      e$.pipe(
        filterValue((v) => v.type === 'created'),
        processEach(async (e) => e.value.at),
      ),
    (e$) =>
      e$.pipe(
        filterValue((v) => v.type === 'cancelled'),
        processEach(async (e) => e.value.reason),
      ),
  ),
  acknowledge(),
);
is<string | number>()(g.pipe(map((x) => x.value)));
events.records$.pipe(
  processEach(async (e) => {
    switch (e.value.type) {
      case 'created':
        return e.value.at;
      case 'cancelled':
        return e.value.reason;
    }
  }),
  acknowledge(),
);

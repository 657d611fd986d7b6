import { of } from 'rxjs';
import { type Processed } from 'rx-kafka';
import { acknowledge, processEach } from 'rx-kafka/operators';
import { type Invoice, type R, is, orders, price } from './prelude.js';

is<Processed<Invoice, R>>()(
  orders.records$.pipe(
    processEach((r) => price(r.value), {
      onFailure: {
        name: 'mine',
        handle: (f) => {
          const q: number = f.item.value.qty;
          void q;
          return of('settled' as const);
        },
      },
    }),
    acknowledge(),
  ),
);

/** An order, or the order that an invoice is for, in the order in which they were read. */
export interface Entry {
  readonly orderId: string;
  readonly customer: string;
}

export interface Findings {
  readonly orders: number;
  readonly invoices: number;
  /** Orders without an invoice. */
  readonly lost: number;
  /** Invoices beyond one per order. */
  readonly duplicated: number;
  /** Invoices that come before one of an earlier order of the same customer. */
  readonly outOfOrder: number;
}

/** Holds the invoices against the orders. Both are in the order of their partitions, a customer in one of them. */
export function audit(orders: readonly Entry[], invoices: readonly Entry[]): Findings {
  const places = new Map(orders.map(({ orderId }, place) => [orderId, place]));
  const seen = new Set<string>();
  const last = new Map<string, number>();
  let outOfOrder = 0;
  for (const { orderId, customer } of invoices) {
    const place = places.get(orderId);
    // one that comes again is a duplicate, and stands wherever it likes
    if (place === undefined || seen.has(orderId)) continue;
    seen.add(orderId);
    if (place < (last.get(customer) ?? -1)) outOfOrder++;
    else last.set(customer, place);
  }
  return {
    orders: orders.length,
    invoices: invoices.length,
    lost: places.size - seen.size,
    duplicated: invoices.length - seen.size,
    outOfOrder,
  };
}

/** The last line of the demo. */
export function verdict({ orders, invoices, lost, duplicated, outOfOrder }: Findings): string {
  const counts = `${grouped(orders)} orders, ${grouped(invoices)} invoices`;
  const order = outOfOrder === 0 ? '' : `, ${grouped(outOfOrder)} out of order`;
  return `${counts}, ${grouped(lost)} lost, ${grouped(duplicated)} duplicated${order}`;
}

/** Whether the promise was kept: nothing lost and in order in any case, nothing twice with transactions. */
export function isKept({ orders, lost, duplicated, outOfOrder }: Findings, atLeastOnce: boolean): boolean {
  return orders > 0 && lost === 0 && outOfOrder === 0 && (atLeastOnce || duplicated === 0);
}

/** 20000 as `20,000`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

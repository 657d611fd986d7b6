import { audit, type Entry, isKept, verdict } from '../../../examples/demo/audit.js';

const entries = (text: string): Entry[] =>
  Array.from(text, (orderId) => ({ orderId, customer: orderId < 'n' ? 'first' : 'second' }));
const orders = entries('axbyc');

it('finds nothing when every order has one invoice, and customers may overtake each other', () => {
  const findings = audit(orders, entries('xyabc'));
  expect(verdict(findings)).toBe('5 orders, 5 invoices, 0 lost, 0 duplicated');
  expect(isKept(findings, false)).toBe(true);
});

it('finds what is lost', () => {
  const findings = audit(orders, entries('axb'));
  expect(verdict(findings)).toBe('5 orders, 3 invoices, 2 lost, 0 duplicated');
  expect([isKept(findings, false), isKept(findings, true)]).toEqual([false, false]);
});

it('finds what is there twice, or for no order, which only at least once allows', () => {
  const findings = audit(orders, entries('axbaybbcq'));
  expect(verdict(findings)).toBe('5 orders, 9 invoices, 0 lost, 4 duplicated');
  expect([isKept(findings, false), isKept(findings, true)]).toEqual([false, true]);
});

it('finds an invoice behind that of a later order of its customer', () => {
  const findings = audit(orders, entries('bxayc'));
  expect(verdict(findings)).toBe('5 orders, 5 invoices, 0 lost, 0 duplicated, 1 out of order');
  expect(isKept(findings, false)).toBe(false);
});

it('no orders are no proof', () => {
  expect(isKept(audit([], []), false)).toBe(false);
});

import { InvalidOptionError } from '../../src/errors/usage-error.js';
import { parseServers, resolveKafkaOptions } from '../../src/observables/kafka-options.js';

describe('options of Kafka', () => {
  it('reads servers from text and from lists alike [B45]', () => {
    const expected = [
      { host: 'a', port: 9092 },
      { host: 'b', port: 19092 },
      { host: '::1', port: 9093 },
    ];
    expect(parseServers('a, b:19092,[::1]:9093')).toEqual(expected);
    expect(parseServers(['a', 'b:19092', '[::1]:9093'])).toEqual(expected);
  });

  it('has a local default', () => {
    expect(resolveKafkaOptions().cluster.bootstrapServers).toEqual([{ host: 'localhost', port: 9092 }]);
  });

  it.each([':1', 'a:0', 'a:99999', 'a:b', 'a b:c:d'])('refuses %s', (server) => {
    expect(() => parseServers(server)).toThrow(InvalidOptionError);
  });

  it.each([
    ['brokers', ['a:1'], 'bootstrapServers'],
    ['ssl', true, 'tls'],
    ['request_timeout_ms', 1, 'requestTimeoutMs'],
    ['clientID', 'a', 'clientId'],
  ])('says what %s is called here', (name, value, here) => {
    expect(() => resolveKafkaOptions({ [name]: value })).toThrow(here);
  });

  it('turns tls: true into verified TLS and refuses a back-off that shrinks', () => {
    expect(resolveKafkaOptions({ tls: true }).cluster.tls).toEqual({});
    expect(resolveKafkaOptions({ tls: false }).cluster.tls).toBeNull();
    expect(() => resolveKafkaOptions({ retryBackoffMs: 2000 })).toThrow('retryBackoffMaxMs');
  });
});

import { LocalAssignment } from '../../../src/consumer/group/local-assignment.js';
import { CheckingHost, tps } from './support/checking-host.js';
import { FakeRuntime } from '../../producer/support/fake-runtime.js';

it('a partition that is wanted again while it drains begins once, when the drain is over, however often it is asked for', () => {
  const host = new CheckingHost();
  const assignment = new LocalAssignment(new FakeRuntime(), 1000, host);
  assignment.add(tps('t-0 t-1'));
  assignment.drop(tps('t-1'));
  assignment.add(tps('t-1'));
  assignment.add(tps('t-1'));
  expect(host.take()).toEqual(['assigned t-0 t-1', 'stable', 'revoke t-1']);
  host.revokes[0]!.done();
  expect(host.take()).toEqual(['assigned t-1']);
  assignment.drop(tps('t-1'));
  assignment.add(tps('t-1'));
  assignment.drop(tps('t-1'));
  host.revokes[1]!.done();
  expect(host.take()).toEqual(['revoke t-1']);
});

// Runs before each spec file of spec/real. Brokers answer in their own time; a hang is still found, just later.
jest.setTimeout(120_000);

// Without brokers each of its specs fails and says what to install.
beforeAll(() => {
  const unavailable = process.env['KAFKA_UNAVAILABLE'];
  if (unavailable !== undefined) throw new Error(unavailable);
});

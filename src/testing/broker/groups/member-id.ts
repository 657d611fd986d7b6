/** A member id as brokers make them: the client's or instance's name, and a random UUID (version 4) in hex. @internal */
export function memberId(name: string, random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16));
  digits[12] = 4;
  digits[16] = 8 + (digits[16]! & 3);
  const hex = digits.map((digit) => digit.toString(16)).join('');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `${name}-${parts.join('-')}`;
}

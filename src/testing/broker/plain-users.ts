/** The user whom a SASL PLAIN token (RFC 4616) proves, null for nobody. @internal */
export function checkPlain(users: ReadonlyMap<string, string> | null, token: Uint8Array): string | null {
  const [authorizationId, user, password] = new TextDecoder().decode(token).split('\0');
  if (users === null || user === undefined || password === undefined) return null;
  if (authorizationId !== '' && authorizationId !== user) return null;
  return users.get(user) === password ? user : null;
}

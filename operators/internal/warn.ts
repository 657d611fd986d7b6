interface Host {
  readonly process?: { emitWarning?(text: string, options: { readonly type: string; readonly code: string }): void };
  readonly console?: { warn(text: string): void };
}

/** A process warning, or a line on the console where there is no process (browsers). */
export function warn(code: string, text: string): void {
  const host = globalThis as Host;
  if (host.process?.emitWarning !== undefined) host.process.emitWarning(text, { type: 'RxKafkaWarning', code });
  else host.console?.warn(`${code} ${text}`);
}

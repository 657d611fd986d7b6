/** What happens below a client. Events inform, nothing has to be done about them. @public */
export type ClientEvent =
  | { readonly type: 'connected'; readonly broker: number; readonly host: string; readonly port: number }
  | {
      readonly type: 'disconnected';
      /** Node id, -1 for a bootstrap server whose id is not known yet. */
      readonly broker: number;
      readonly host: string;
      readonly port: number;
      readonly error: unknown;
    }
  | { readonly type: 'throttled'; readonly broker: number; readonly throttleTimeMs: number };

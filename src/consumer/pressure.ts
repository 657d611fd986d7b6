/** Why a partition asks its operators to let go of what they gather, before the window, a revocation or a drain waits for them. */
export type Pressure = 'windowFull' | 'revoking' | 'draining' | 'lost';

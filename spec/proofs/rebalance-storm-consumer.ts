import { type Proof } from '../support/proof.js';
import { stormProof } from './support/storm-run.js';

export const proof: Proof = stormProof('consumer', 'rebalance-storm-consumer');

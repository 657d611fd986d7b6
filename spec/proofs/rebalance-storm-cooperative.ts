import { type Proof } from '../support/proof.js';
import { stormProof } from './support/storm-run.js';

export const proof: Proof = stormProof('cooperative', 'rebalance-storm-cooperative');

import '../../support/embedded/on-embedded-cluster.js';
import '../batches.spec.js';

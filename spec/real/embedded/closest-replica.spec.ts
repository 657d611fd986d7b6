import '../../support/embedded/on-embedded-cluster.js';
import '../closest-replica.spec.js';

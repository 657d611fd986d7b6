import '../../support/embedded/on-embedded-cluster.js';
import '../rebalance-hooks.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../transactions.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../reading.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../consumer-protocol-records.spec.js';

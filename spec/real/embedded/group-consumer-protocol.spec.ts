import '../../support/embedded/on-embedded-cluster.js';
import '../../support/embedded/without-mixed-groups.js';
import '../group-consumer-protocol.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../group-consumer-protocol.spec.js';

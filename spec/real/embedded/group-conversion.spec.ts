import '../../support/embedded/on-embedded-cluster.js';
import '../group-conversion.spec.js';

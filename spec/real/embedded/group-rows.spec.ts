import '../../support/embedded/on-embedded-cluster.js';
import '../group-rows.spec.js';

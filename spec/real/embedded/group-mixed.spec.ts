import '../../support/embedded/on-embedded-cluster.js';
import '../group-mixed.spec.js';

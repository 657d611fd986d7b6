import '../../support/embedded/on-embedded-cluster.js';
import '../group-membership.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../failure-policies.spec.js';

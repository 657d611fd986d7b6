import '../../support/embedded/on-embedded-cluster.js';
import '../flow.spec.js';

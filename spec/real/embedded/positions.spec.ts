import '../../support/embedded/on-embedded-cluster.js';
import '../positions.spec.js';

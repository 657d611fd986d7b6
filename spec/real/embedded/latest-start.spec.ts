import '../../support/embedded/on-embedded-cluster.js';
import '../latest-start.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../handover.spec.js';

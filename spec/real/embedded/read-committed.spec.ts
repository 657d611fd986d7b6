import '../../support/embedded/on-embedded-cluster.js';
import '../read-committed.spec.js';

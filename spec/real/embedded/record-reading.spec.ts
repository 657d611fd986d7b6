import '../../support/embedded/on-embedded-cluster.js';
import '../record-reading.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../connection.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../peers.spec.js';

import '../../support/embedded/on-embedded-cluster.js';
import '../tools.spec.js';

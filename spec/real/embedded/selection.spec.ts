import '../../support/embedded/on-embedded-cluster.js';
import '../selection.spec.js';

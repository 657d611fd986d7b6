import '../../support/embedded/on-embedded-cluster.js';
import '../operators.spec.js';

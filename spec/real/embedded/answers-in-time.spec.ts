import '../../support/embedded/on-embedded-cluster.js';
import '../answers-in-time.spec.js';
